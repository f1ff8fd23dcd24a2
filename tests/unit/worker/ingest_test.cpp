#include "storage-worker/ingest.h"

#include <gmock/gmock.h>

#include <numeric>

#include "tests/support/fake_bus.h"
#include "tests/support/manual_executor.h"
#include "tests/unit/worker/fakes.h"

namespace stampede::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using worker::Ingest;
using worker::IngestOptions;

class IngestTest : public testing::Test {
 protected:
  IngestTest() {
    options_.batch.rows = 10;
    options_.batch.wait = Milliseconds(5);
  }
  void start() {
    ingest_ = std::make_unique<Ingest>(
        options_, Ingest::Ports{feed_, store_, bus_, executor_, clock_}, metrics_);
    ingest_->start();
  }
  void deliver(std::vector<MessageFeed::Delivery> batch) {
    feed_.deliver(std::move(batch));
    executor_.run();
  }
  void succeed(std::size_t append) {
    store_.appends.at(append).succeed();
    executor_.run();
  }
  void fail(std::size_t append) {
    store_.appends.at(append).fail();
    executor_.run();
  }
  void pass(Microseconds time) {
    clock_.advance(time);
    executor_.advance(time);
  }
  double counted(const std::string& name) { return metrics_.counter(name, "").value(); }
  static std::vector<MessageFeed::DeliveryTag> tags(MessageFeed::DeliveryTag first,
                                                    std::size_t count) {
    std::vector<MessageFeed::DeliveryTag> out(count);
    std::iota(out.begin(), out.end(), first);
    return out;
  }

  IngestOptions options_;
  FakeClock clock_;
  ManualExecutor executor_;
  FakeStorageFeed feed_;
  FakeStore store_;
  FakeBus bus_;
  Metrics metrics_;
  std::unique_ptr<Ingest> ingest_;
};

TEST_F(IngestTest, AsksForTheConfiguredPrefetch) {
  options_.prefetch = 123;
  start();
  EXPECT_EQ(feed_.prefetch, 123u);
}

TEST_F(IngestTest, StoresAFullBatchAtOnceAndAcksAfterTheCommit) {
  start();
  deliver(deliveries(1, 10));
  ASSERT_EQ(store_.appends.size(), 1u);
  EXPECT_EQ(store_.appends[0].batch.size(), 10u);
  EXPECT_THAT(feed_.acked, IsEmpty()) << "nothing is committed yet";
  succeed(0);
  EXPECT_EQ(feed_.acked, tags(1, 10));
  EXPECT_EQ(counted("stampede_worker_stored_total"), 10);
  EXPECT_EQ(counted("stampede_worker_batches_total"), 1);
}

TEST_F(IngestTest, StoresAPartBatchAfterTheWait) {
  start();
  deliver(deliveries(1, 3));
  EXPECT_THAT(store_.appends, IsEmpty());
  pass(Milliseconds(4));
  deliver(deliveries(4, 1));
  EXPECT_THAT(store_.appends, IsEmpty());
  pass(Milliseconds(1));
  ASSERT_EQ(store_.appends.size(), 1u);
  EXPECT_EQ(store_.appends[0].batch.size(), 4u);
  EXPECT_TRUE(executor_.idle());
}

TEST_F(IngestTest, KeepsTwoBatchesInFlightAndNoMore) {
  start();
  deliver(deliveries(1, 35));
  ASSERT_EQ(store_.appends.size(), 2u);
  succeed(1);
  EXPECT_EQ(feed_.acked, tags(11, 10)) << "the second was committed first";
  ASSERT_EQ(store_.appends.size(), 3u);
  succeed(0);
  EXPECT_EQ(store_.appends.size(), 3u) << "what is left is not due";
  pass(Milliseconds(5));
  EXPECT_EQ(store_.appends.size(), 4u);
}

TEST_F(IngestTest, RejectsWhatTheStoreRefusesAndAcksTheRest) {
  start();
  deliver(deliveries(1, 10));
  AppendOutcome outcome;
  outcome.inserted = 6;
  outcome.duplicates = 1;
  outcome.moved = 1;
  outcome.refused = {{2, "no spam"}, {9, "no spam"}};
  store_.appends[0].reply(outcome);
  executor_.run();
  EXPECT_THAT(feed_.acked, ElementsAre(1, 2, 4, 5, 6, 7, 8, 9));
  ASSERT_EQ(feed_.rejected.size(), 2u);
  EXPECT_EQ(feed_.rejected[0].tag, 3u);
  EXPECT_EQ(feed_.rejected[0].reason, "no spam");
  EXPECT_EQ(feed_.rejected[1].tag, 10u);
  EXPECT_EQ(counted("stampede_worker_stored_total"), 7);
  EXPECT_EQ(counted("stampede_worker_duplicates_total"), 1);
  EXPECT_EQ(counted("stampede_worker_refused_total"), 2);
}

TEST_F(IngestTest, GivesTheSameBatchAgainWhileTheStoreIsAway) {
  start();
  deliver(deliveries(1, 10));
  const auto batch = store_.appends[0].batch;
  for (std::size_t attempt = 0; attempt < 12; ++attempt) {
    fail(attempt);
    EXPECT_EQ(store_.appends.size(), attempt + 1) << "not before the pause";
    pass(options_.longest_backoff);
    ASSERT_EQ(store_.appends.size(), attempt + 2);
    EXPECT_EQ(store_.appends.back().batch, batch);
  }
  EXPECT_THAT(feed_.acked, IsEmpty());
  EXPECT_EQ(counted("stampede_worker_retries_total"), 12);
  succeed(12);
  EXPECT_EQ(feed_.acked, tags(1, 10));
}

TEST_F(IngestTest, BacksOffFromShortToLong) {
  start();
  deliver(deliveries(1, 10));
  fail(0);
  pass(options_.first_backoff / 2 - Milliseconds(1));
  EXPECT_EQ(store_.appends.size(), 1u);
  pass(options_.first_backoff / 2 + Milliseconds(1));
  ASSERT_EQ(store_.appends.size(), 2u);
  for (std::size_t attempt = 1; attempt < 10; ++attempt) {
    fail(attempt);
    pass(options_.longest_backoff);
  }
  fail(10);
  pass(options_.longest_backoff / 2 - Milliseconds(1));
  EXPECT_EQ(store_.appends.size(), 11u);
}

TEST_F(IngestTest, TakesNoNewBatchWhileBothAreStuck) {
  start();
  deliver(deliveries(1, 40));
  fail(0);
  fail(1);
  deliver(deliveries(41, 10));
  EXPECT_EQ(store_.appends.size(), 2u);
  pass(options_.longest_backoff);
  EXPECT_EQ(store_.appends.size(), 4u) << "the same two";
  EXPECT_EQ(metrics_.gauge("stampede_worker_waiting_messages", "").value(), 30);
}

TEST_F(IngestTest, StopFinishesWhatItHas) {
  start();
  deliver(deliveries(1, 13));
  bool done = false;
  ingest_->stop([&] { done = true; });
  executor_.run();
  ASSERT_EQ(store_.appends.size(), 2u) << "a part batch need not wait any longer";
  deliver(deliveries(14, 2));  // was on its way
  feed_.confirm_stop();
  executor_.run();
  succeed(0);
  succeed(1);
  EXPECT_FALSE(done);
  succeed(2);
  EXPECT_TRUE(done);
  EXPECT_EQ(feed_.acked.size(), 15u);
}

TEST_F(IngestTest, StopOfAnIdleIngestIsDoneWhenTheFeedIs) {
  start();
  bool done = false;
  ingest_->stop([&] { done = true; });
  executor_.run();
  EXPECT_FALSE(done);
  feed_.confirm_stop();
  executor_.run();
  EXPECT_TRUE(done);
}

TEST_F(IngestTest, StopWaitsForAStoreThatIsAway) {
  start();
  deliver(deliveries(1, 10));
  bool done = false;
  ingest_->stop([&] { done = true; });
  feed_.confirm_stop();
  fail(0);
  EXPECT_FALSE(done);
  pass(options_.longest_backoff);
  succeed(1);
  EXPECT_TRUE(done);
}

TEST_F(IngestTest, AnswersAfterItsEndReachNothing) {
  start();
  deliver(deliveries(1, 10));
  deliver(deliveries(11, 3));
  fail(0);
  ingest_.reset();
  pass(options_.longest_backoff);
  deliver(deliveries(14, 1));
  EXPECT_EQ(store_.appends.size(), 1u);
  EXPECT_THAT(feed_.acked, IsEmpty());
}

class StoreFirstIngestTest : public IngestTest {
 protected:
  static MessageFeed::Delivery delivery(MessageFeed::DeliveryTag tag, const std::string& origin,
                                        MessageKind kind = MessageKind::kStoreFirst) {
    auto message = std::make_shared<Message>();
    message->id = new_message_id();
    message->kind = kind;
    message->room = RoomName("orders");
    message->position = {static_cast<Seq>(tag), kNoSeq};
    message->origin = GatewayId(origin);
    return {tag, message, false};
  }
};

TEST_F(StoreFirstIngestTest, PublishesWhatIsStoredAndTellsItsOrigin) {
  options_.batch.rows = 4;
  start();
  const std::vector<MessageFeed::Delivery> batch{delivery(1, "gw-1"), delivery(2, "gw-2"),
                                                 delivery(3, "gw-1"),
                                                 delivery(4, "gw-1", MessageKind::kChat)};
  deliver(batch);
  EXPECT_THAT(bus_.published, IsEmpty()) << "nothing is committed yet";
  EXPECT_THAT(bus_.sent, IsEmpty());
  succeed(0);
  EXPECT_THAT(bus_.published, ElementsAre(batch[0].message, batch[1].message, batch[2].message));
  ASSERT_EQ(bus_.sent.size(), 3U);
  EXPECT_EQ(bus_.sent[0].first, GatewayId("gw-1"));
  EXPECT_EQ(bus_.sent[0].second->kind, MessageKind::kStored);
  EXPECT_EQ(bus_.sent[0].second->id, batch[0].message->id);
  EXPECT_EQ(bus_.sent[1].second->id, batch[2].message->id);
  EXPECT_EQ(bus_.sent[2].first, GatewayId("gw-2"));
  EXPECT_EQ(feed_.acked, tags(1, 4));
}

TEST_F(StoreFirstIngestTest, WhatTheStoreRefusesIsToldAndNotPublished) {
  options_.batch.rows = 2;
  start();
  const std::vector<MessageFeed::Delivery> batch{delivery(1, "gw-1"), delivery(2, "gw-1")};
  deliver(batch);
  AppendOutcome outcome;
  outcome.inserted = 1;
  outcome.refused.push_back({0, "value too long"});
  store_.appends.at(0).reply(outcome);
  executor_.run();
  EXPECT_THAT(bus_.published, ElementsAre(batch[1].message));
  ASSERT_EQ(bus_.sent.size(), 2U);
  EXPECT_EQ(bus_.sent[0].second->kind, MessageKind::kRefused);
  EXPECT_EQ(bus_.sent[0].second->body, "value too long");
  EXPECT_EQ(bus_.sent[1].second->kind, MessageKind::kStored);
}

TEST_F(StoreFirstIngestTest, WhileTheStoreIsAwayNobodyHearsOfIt) {
  options_.batch.rows = 1;
  start();
  deliver({delivery(1, "gw-1")});
  fail(0);
  EXPECT_THAT(bus_.published, IsEmpty());
  EXPECT_THAT(bus_.sent, IsEmpty());
  pass(options_.longest_backoff);
  executor_.run();
  succeed(1);
  EXPECT_EQ(bus_.published.size(), 1U);
}

}  // namespace
}  // namespace stampede::test
