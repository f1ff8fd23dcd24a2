#pragma once

// What every MessageFeed must keep, whether it confirms when a broker has the message (RabbitMQ) or
// when the consumer has acked it (in one process). Include in one .cpp per test binary and
// instantiate with a FeedFixtureFactory as in message_bus_contract.h.

#include <algorithm>
#include <set>

#include "shared/ports/message_feed.h"
#include "shared/runtime/loop.h"
#include "tests/contract/asking.h"

namespace stampede::test {

/// One broker for the time of a test, its storage queues empty at first.
class FeedFixture {
 public:
  virtual ~FeedFixture() = default;
  /// The feed of one more process. Destroying it is how a test kills that process: what it has not
  /// acked is delivered to another. The test destroys it before the fixture.
  virtual std::unique_ptr<MessageFeed> make_feed() = 0;
};

using FeedFixtureFactory = std::function<std::unique_ptr<FeedFixture>()>;

class MessageFeedContract : public testing::TestWithParam<FeedFixtureFactory> {
 protected:
  using Delivery = MessageFeed::Delivery;
  using Confirms = std::vector<Result<void>>;

  /// A worker as the feed sees it.
  struct Worker {
    explicit Worker(std::unique_ptr<MessageFeed> made) : feed(std::move(made)) { loop.start(); }
    ~Worker() {
      loop.stop();  // first: a handler that still runs uses the feed
      feed.reset();
    }

    void consume(std::size_t prefetch, bool ack_at_once) {
      feed->consume(prefetch, loop, [this, ack_at_once](std::vector<Delivery> batch) {
        EXPECT_TRUE(loop.is_current()) << "the handler ran on a foreign thread";
        EXPECT_FALSE(batch.empty());
        std::vector<MessageFeed::DeliveryTag> tags;
        for (const Delivery& delivery : batch) tags.push_back(delivery.tag);
        inbox.add(std::move(batch));
        if (ack_at_once) feed->ack(std::move(tags));
      });
    }
    void ack(const std::vector<Delivery>& deliveries) {
      std::vector<MessageFeed::DeliveryTag> tags;
      for (const Delivery& delivery : deliveries) tags.push_back(delivery.tag);
      feed->ack(std::move(tags));
    }
    void stop() {
      ASSERT_TRUE(
          ask<Result<void>>(loop, [&](auto reply) { feed->stop_consuming(std::move(reply)); }));
    }

    Loop loop{"worker"};
    Inbox<Delivery> inbox;
    std::unique_ptr<MessageFeed> feed;
  };

  /// `count` messages over ten rooms, so that every storage queue gets some.
  static std::vector<MessageRef> messages(std::size_t count) {
    std::vector<MessageRef> out;
    for (std::size_t i = 0; i < count; ++i) {
      const auto seq = static_cast<Seq>(1'700'000'000'000'001 + i);
      out.push_back(with_position(
          *make_message("room-" + std::to_string(i % 10), std::to_string(i)), {seq, seq - 1}));
    }
    return out;
  }

  /// Appends without waiting; the promise is kept when the feed confirms.
  std::future<Confirms> append(std::vector<MessageRef> batch) {
    auto promise = std::make_shared<std::promise<Confirms>>();
    auto future = promise->get_future();
    producer_->append(std::move(batch), Reply<Confirms>(loop_, [promise](Confirms confirms) {
                        promise->set_value(std::move(confirms));
                      }));
    return future;
  }
  /// The same, one after the other: what is appended together may be delivered together.
  std::vector<std::future<Confirms>> append_each(const std::vector<MessageRef>& batch) {
    std::vector<std::future<Confirms>> out;
    out.reserve(batch.size());
    for (const MessageRef& message : batch) out.push_back(append({message}));
    return out;
  }
  static Confirms wait(std::future<Confirms>& confirmed) {
    if (confirmed.wait_for(kPatience) != std::future_status::ready) {
      throw std::runtime_error("no confirm within the test's patience");
    }
    return confirmed.get();
  }
  static void expect_all_confirmed(const Confirms& confirms, std::size_t count) {
    ASSERT_EQ(confirms.size(), count);
    for (const auto& confirm : confirms) EXPECT_TRUE(confirm) << confirm.error().detail;
  }

  static std::set<MessageId> ids_of(const std::vector<MessageRef>& batch) {
    std::set<MessageId> out;
    for (const MessageRef& message : batch) out.insert(message->id);
    return out;
  }
  static std::set<MessageId> ids_of(const std::vector<Delivery>& deliveries) {
    std::set<MessageId> out;
    for (const Delivery& delivery : deliveries) out.insert(delivery.message->id);
    return out;
  }

  void SetUp() override {
    loop_.start();
    fixture_ = GetParam()();
    producer_ = fixture_->make_feed();
  }
  void TearDown() override {
    producer_.reset();
    loop_.stop();
    fixture_.reset();
  }

  Loop loop_{"contract"};
  std::unique_ptr<FeedFixture> fixture_;
  std::unique_ptr<MessageFeed> producer_;
};

TEST_P(MessageFeedContract, DeliversAndConfirmsEveryMessageWhole) {
  Worker worker(fixture_->make_feed());
  worker.consume(100, true);
  const auto sent = messages(500);
  auto confirmed = append(sent);
  expect_all_confirmed(wait(confirmed), sent.size());
  const auto got = worker.inbox.wait_until(
      [&](const std::vector<Delivery>& all) { return ids_of(all).size() == sent.size(); });
  for (const Delivery& delivery : got) {
    const auto at = static_cast<std::size_t>(std::stoul(delivery.message->body));
    EXPECT_EQ(*delivery.message, *sent.at(at));
  }
}

TEST_P(MessageFeedContract, RepliesAreNeverReentrant) {
  Worker worker(fixture_->make_feed());
  worker.consume(10, true);
  const auto sent = messages(3);
  EXPECT_TRUE(answers_after_the_call<Confirms>(
      loop_, [&](auto reply) { producer_->append(sent, std::move(reply)); }));
}

TEST_P(MessageFeedContract, AnswersAnEmptyBatch) {
  auto confirmed = append({});
  EXPECT_TRUE(wait(confirmed).empty());
}

TEST_P(MessageFeedContract, RefusesWhatIsNeverStored) {
  auto batch = messages(3);
  auto ephemeral = std::make_shared<Message>(*batch[1]);
  ephemeral->kind = MessageKind::kEphemeral;
  batch[1] = std::move(ephemeral);
  Worker worker(fixture_->make_feed());
  worker.consume(10, true);
  auto confirmed = append(batch);
  const Confirms confirms = wait(confirmed);
  ASSERT_EQ(confirms.size(), 3U);
  EXPECT_TRUE(confirms[0]);
  ASSERT_FALSE(confirms[1]);
  EXPECT_TRUE(confirms[1].error().is(Errc::kInvalidArgument));
  EXPECT_TRUE(confirms[2]);
  const auto got = worker.inbox.wait_for(2);
  EXPECT_EQ(ids_of(got), (std::set<MessageId>{batch[0]->id, batch[2]->id}));
}

TEST_P(MessageFeedContract, KeepsWhatIsAppendedBeforeAConsumerComes) {
  const auto sent = messages(50);
  auto confirmed = append(sent);
  Worker worker(fixture_->make_feed());
  worker.consume(10, true);
  expect_all_confirmed(wait(confirmed), sent.size());
  worker.inbox.wait_until(
      [&](const std::vector<Delivery>& all) { return ids_of(all) == ids_of(sent); });
}

TEST_P(MessageFeedContract, DeliversAgainWhatADeadConsumerHadNotAcked) {
  const auto sent = messages(20);
  auto confirmed = append(sent);
  {
    Worker dies(fixture_->make_feed());
    dies.consume(100, false);
    dies.inbox.wait_for(sent.size());
  }
  Worker lives(fixture_->make_feed());
  lives.consume(100, true);
  const auto got = lives.inbox.wait_until(
      [&](const std::vector<Delivery>& all) { return ids_of(all) == ids_of(sent); });
  for (const Delivery& delivery : got) EXPECT_TRUE(delivery.redelivered);
  expect_all_confirmed(wait(confirmed), sent.size());
}

TEST_P(MessageFeedContract, ForgetsWhatWasAcked) {
  const auto first = messages(20);
  auto first_confirmed = append(first);
  {
    Worker worker(fixture_->make_feed());
    worker.consume(100, false);
    worker.ack(worker.inbox.wait_for(first.size()));
    expect_all_confirmed(wait(first_confirmed), first.size());
    worker.stop();
    // A second life of the same connection would see what was not acked; a fence shows it did not.
  }
  const auto second = messages(20);
  auto second_confirmed = append(second);
  Worker next(fixture_->make_feed());
  next.consume(100, true);
  const auto got = next.inbox.wait_until([&](const std::vector<Delivery>& all) {
    const auto ids = ids_of(all);
    return std::all_of(second.begin(), second.end(),
                       [&](const MessageRef& message) { return ids.contains(message->id); });
  });
  expect_all_confirmed(wait(second_confirmed), second.size());
  EXPECT_EQ(ids_of(got), ids_of(second));
}

TEST_P(MessageFeedContract, RejectedMessagesAreNotDeliveredAgain) {
  auto poison = messages(1);
  append(poison);
  {
    Worker worker(fixture_->make_feed());
    worker.consume(100, false);
    const auto got = worker.inbox.wait_for(1);
    worker.feed->reject({{got.at(0).tag, "the store refuses it"}});
    const auto good = messages(1);
    auto confirmed = append(good);
    worker.ack({worker.inbox.wait_for(2).at(1)});
    expect_all_confirmed(wait(confirmed), 1);
    worker.stop();
  }
  const auto fence = messages(10);
  auto confirmed = append(fence);
  Worker next(fixture_->make_feed());
  next.consume(100, true);
  expect_all_confirmed(wait(confirmed), fence.size());
  EXPECT_EQ(ids_of(next.inbox.wait_for(fence.size())), ids_of(fence));
}

TEST_P(MessageFeedContract, ConsumersCompete) {
  Worker one(fixture_->make_feed());
  Worker two(fixture_->make_feed());
  one.consume(10, true);
  two.consume(10, true);
  // Both are subscribed only some time after consume, so give them work until both have had some.
  std::set<MessageId> sent;
  ASSERT_TRUE(eventually([&] {
    const auto batch = messages(100);
    sent.merge(ids_of(batch));
    auto confirmed = append(batch);
    expect_all_confirmed(wait(confirmed), batch.size());
    return !one.inbox.snapshot().empty() && !two.inbox.snapshot().empty();
  }));
  ASSERT_TRUE(eventually(
      [&] { return one.inbox.snapshot().size() + two.inbox.snapshot().size() >= sent.size(); }));
  auto all = ids_of(one.inbox.snapshot());
  all.merge(ids_of(two.inbox.snapshot()));
  EXPECT_EQ(all, sent);
  EXPECT_EQ(one.inbox.snapshot().size() + two.inbox.snapshot().size(), sent.size());
}

TEST_P(MessageFeedContract, PrefetchBoundsWhatAConsumerHolds) {
  constexpr std::size_t kPrefetch = 8;
  Worker holds(fixture_->make_feed());
  holds.consume(kPrefetch, false);
  append_each(messages(100));
  holds.inbox.wait_for(1);
  Worker works(fixture_->make_feed());
  works.consume(kPrefetch, true);
  // The working consumer gets all but what the other may hold.
  works.inbox.wait_for(100 - kPrefetch);
  ASSERT_TRUE(eventually(
      [&] { return holds.inbox.snapshot().size() + works.inbox.snapshot().size() == 100; }));
  EXPECT_LE(holds.inbox.snapshot().size(), kPrefetch);
}

TEST_P(MessageFeedContract, StoppedConsumersGetNothingMoreAndMayStillAck) {
  Worker stops(fixture_->make_feed());
  stops.consume(4, false);
  const auto sent = messages(40);
  auto confirmed = append_each(sent);
  stops.inbox.wait_for(1);
  stops.stop();
  const auto held = stops.inbox.snapshot();
  stops.ack(held);
  Worker works(fixture_->make_feed());
  works.consume(100, true);
  for (auto& one : confirmed) expect_all_confirmed(wait(one), 1);
  works.inbox.wait_until([&](const std::vector<Delivery>& all) {
    auto ids = ids_of(all);
    ids.merge(ids_of(held));
    return ids == ids_of(sent);
  });
  EXPECT_EQ(stops.inbox.snapshot().size(), held.size());
}

}  // namespace stampede::test
