#include "gateway/rooms/publisher.h"

#include <gtest/gtest.h>

#include "shared/adapters/memory/memory.h"
#include "tests/support/fake_bus.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_feed.h"
#include "tests/support/manual_executor.h"

namespace stampede::gateway {
namespace {

using test::FakeBus;
using test::FakeClock;
using test::FakeFeed;
using test::ManualExecutor;

const RoomName kRoom = *parse_room_name("lobby");

/// A directory that is away.
class AbsentDirectory final : public RoomDirectory {
 public:
  void sequence(std::vector<SequenceRequest> batch,
                Reply<std::vector<Result<Sequenced>>> sequenced) override {
    sequenced(std::vector<Result<Sequenced>>(batch.size(), Error(Errc::kUnavailable, "away")));
  }
  void enter(std::vector<Member> members, Reply<std::vector<Result<Seq>>> entered) override {
    entered(std::vector<Result<Seq>>(members.size(), Error(Errc::kUnavailable, "away")));
  }
  void leave(std::vector<Member>) override {}
  void recent(RoomName, Seq, std::size_t, Reply<Result<std::vector<MessageRef>>> found) override {
    found(Error(Errc::kUnavailable, "away"));
  }
  void last(std::vector<RoomName>, Reply<Result<std::vector<Seq>>> found) override {
    found(Error(Errc::kUnavailable, "away"));
  }
  void rooms(RoomsQuery, Reply<Result<std::vector<RoomSummary>>> found) override {
    found(Error(Errc::kUnavailable, "away"));
  }
  void members(RoomName, Reply<Result<std::vector<Member>>> found) override {
    found(Error(Errc::kUnavailable, "away"));
  }
};

MessageRef message(std::string key = {}) {
  auto made = std::make_shared<Message>();
  made->id = new_message_id();
  made->room = kRoom;
  made->key = std::move(key);
  made->origin = GatewayId("me");
  return made;
}

class PublisherTest : public testing::Test {
 protected:
  Publisher::Confirmed keep() {
    return [this](Result<Seq> result) { confirmed_.push_back(std::move(result)); };
  }

  FakeClock clock_;
  ManualExecutor executor_;
  Metrics metrics_;
  FakeBus bus_;
  FakeFeed feed_;
  LocalFanout fanout_;
  memory::MemoryRooms rooms_{{}, clock_};
  memory::MemoryDirectory directory_{rooms_};
  memory::MemoryDirectory elsewhere_{rooms_};
  Dispatcher dispatcher_{executor_, clock_, bus_, fanout_, GatewayId("me"), {}, metrics_};
  Backlog backlog_{executor_, clock_, {}, directory_, nullptr, metrics_};
  RoomRegistry registry_{executor_, clock_,      {},      directory_, directory_,
                         backlog_,  dispatcher_, fanout_, metrics_};
  Publisher publisher_{executor_, clock_,  registry_.shard(), directory_, feed_,
                       bus_,      fanout_, registry_,         metrics_,   {}};
  std::vector<Result<Seq>> confirmed_;
};

TEST_F(PublisherTest, OneTurnIsOneBatchInOrder) {
  for (int i = 0; i < 50; ++i) publisher_.publish(message(), keep());
  executor_.run();
  ASSERT_EQ(feed_.appends.size(), 1u);
  const auto& batch = feed_.appends[0].batch;
  ASSERT_EQ(batch.size(), 50u);
  for (std::size_t i = 1; i < batch.size(); ++i) {
    EXPECT_EQ(batch[i]->position.prev, batch[i - 1]->position.seq);
    EXPECT_GT(batch[i]->position.seq, batch[i - 1]->position.seq);
  }
  EXPECT_EQ(publisher_.in_flight(), 50u);
}

/// Writes at the end of the turn, as a connection does, and notes whether storage had the message.
class Witness final : private FrameSink, public Subscriber {
 public:
  Witness(ManualExecutor& on, const FakeFeed& feed)
      : Subscriber(static_cast<FrameSink&>(*this), stomp::Version::kV12, "sub-0", false),
        on_(on),
        feed_(feed) {}
  void deliver_individually(const MessageRef&) override {}

  std::optional<std::size_t> stored_before;

 private:
  void send(Slice) override {
    on_.post([this] { stored_before = feed_.appends.size(); });
  }

  ManualExecutor& on_;
  const FakeFeed& feed_;
};

TEST_F(PublisherTest, ABurstGoesOnInPartsAndInOrder) {
  for (int i = 0; i < 5'000; ++i) publisher_.publish(message(), keep());
  executor_.run();
  ASSERT_GT(feed_.appends.size(), 3u) << "256 KiB at once, a message counted with what frames it";
  std::vector<MessageRef> all;
  for (const auto& append : feed_.appends) {
    EXPECT_LE(append.batch.size(), 1'024u);
    all.insert(all.end(), append.batch.begin(), append.batch.end());
  }
  ASSERT_EQ(all.size(), 5'000u);
  for (std::size_t i = 1; i < all.size(); ++i) {
    ASSERT_EQ(all[i]->position.prev, all[i - 1]->position.seq);
  }
}

TEST_F(PublisherTest, MembersAreWrittenToBeforeStorage) {
  dispatcher_.start();
  Witness witness(executor_, feed_);
  registry_.subscribe(Member{kRoom, SessionId("s1"), UserId("ann"), 0}, witness,
                      [](const Result<Started>&) {}, {});
  executor_.run();
  publisher_.publish(message(), keep());
  executor_.run();
  EXPECT_EQ(witness.stored_before, 0u);
  EXPECT_EQ(feed_.appends.size(), 1u);
  registry_.unsubscribe(kRoom, SessionId("s1"), witness, RoomRegistry::Leaving::kAtOnce);
}

TEST_F(PublisherTest, ConfirmsOnlyWhatTheFeedConfirmed) {
  publisher_.publish(message(), keep());
  executor_.run();
  EXPECT_TRUE(confirmed_.empty());
  const Seq seq = feed_.appends[0].batch[0]->position.seq;
  feed_.answer_all();
  executor_.run();
  ASSERT_EQ(confirmed_.size(), 1u);
  EXPECT_EQ(*confirmed_[0], seq);
  EXPECT_EQ(publisher_.in_flight(), 0u);
}

TEST_F(PublisherTest, PassesTheFeedsReasonOn) {
  publisher_.publish(message(), keep());
  executor_.run();
  feed_.answer_all(Error(Errc::kOverloaded, "queue is full"));
  executor_.run();
  ASSERT_EQ(confirmed_.size(), 1u);
  EXPECT_EQ(confirmed_[0].error().detail, "queue is full");
}

TEST_F(PublisherTest, ARepeatedKeyIsStoredAsTheFirstAndGoesNowhereElse) {
  elsewhere_.enter({Member{kRoom, SessionId("x"), UserId("bob"), 0}},
                   Reply<std::vector<Result<Seq>>>(executor_, [](const auto&) {}));
  const MessageRef first = message("k");
  publisher_.publish(first, keep());
  executor_.run();
  const Seq seq = feed_.appends[0].batch[0]->position.seq;
  feed_.answer_all(Error(Errc::kUnavailable, "the broker is away"));
  publisher_.publish(message("k"), keep());
  executor_.run();
  // The first may never have been stored, so the second is no less given to storage.
  ASSERT_EQ(feed_.appends.size(), 1u);
  EXPECT_EQ(feed_.appends[0].batch[0]->id, first->id);
  EXPECT_EQ(feed_.appends[0].batch[0]->position.seq, seq);
  EXPECT_EQ(bus_.published.size(), 1u) << "the first alone";
  feed_.answer_all();
  executor_.run();
  ASSERT_EQ(confirmed_.size(), 2u);
  EXPECT_FALSE(confirmed_[0]);
  EXPECT_EQ(*confirmed_[1], seq) << "like the first one's receipt";
  EXPECT_EQ(publisher_.in_flight(), 0u);
}

TEST_F(PublisherTest, BypassesTheBusWhenNobodyIsElsewhere) {
  publisher_.publish(message(), keep());
  executor_.run();
  EXPECT_TRUE(bus_.published.empty());
  elsewhere_.enter({Member{kRoom, SessionId("x"), UserId("bob"), 0}},
                   Reply<std::vector<Result<Seq>>>(executor_, [](const auto&) {}));
  executor_.run();
  publisher_.publish(message(), keep());
  executor_.run();
  EXPECT_EQ(bus_.published.size(), 1u);
}

TEST_F(PublisherTest, WhatIsEphemeralGoesToTheBusAloneAndNeedsNoDirectory) {
  AbsentDirectory away;
  Publisher publisher(executor_, clock_, registry_.shard(), away, feed_, bus_, fanout_, registry_,
                      metrics_, {});
  auto ephemeral = std::make_shared<Message>(*message());
  ephemeral->kind = MessageKind::kEphemeral;
  publisher.publish(ephemeral, keep());
  EXPECT_EQ(publisher.in_flight(), 1u);
  executor_.run();
  EXPECT_TRUE(feed_.appends.empty());
  ASSERT_EQ(bus_.published.size(), 1u);
  EXPECT_EQ(bus_.published[0], ephemeral);
  ASSERT_EQ(confirmed_.size(), 1u);
  EXPECT_EQ(*confirmed_[0], kNoSeq);
  EXPECT_EQ(publisher.in_flight(), 0u);
}

TEST_F(PublisherTest, GoesOnWithoutADirectory) {
  AbsentDirectory away;
  Publisher publisher(executor_, clock_, registry_.shard(), away, feed_, bus_, fanout_, registry_,
                      metrics_, {});
  publisher.publish(message(), keep());
  executor_.run();
  ASSERT_EQ(feed_.appends.size(), 1u);
  EXPECT_EQ(feed_.appends[0].batch[0]->position.seq, kNoSeq);
  EXPECT_EQ(bus_.published.size(), 1u) << "nobody can tell who is elsewhere";
}

class StoreFirstPublisherTest : public PublisherTest {
 protected:
  MessageRef publish(std::string key = {}) {
    auto sent = std::make_shared<Message>(*message(std::move(key)));
    sent->kind = publisher_.chat_kind(sent->room);
    publisher_.publish(sent, keep());
    executor_.run();
    return feed_.appends.back().batch.at(0);
  }
  static MessageRef word(const Message& on, MessageKind kind, std::string why = {}) {
    auto said = std::make_shared<Message>();
    said->id = on.id;
    said->kind = kind;
    said->room = on.room;
    said->body = std::move(why);
    return said;
  }

  Publisher publisher_{executor_,
                       clock_,
                       registry_.shard(),
                       directory_,
                       feed_,
                       bus_,
                       fanout_,
                       registry_,
                       metrics_,
                       {{*RoomPattern::parse("lob*")}, Milliseconds(5'000)}};
};

TEST_F(StoreFirstPublisherTest, KnowsItsRooms) {
  EXPECT_EQ(publisher_.chat_kind(kRoom), MessageKind::kStoreFirst);
  EXPECT_EQ(publisher_.chat_kind(RoomName("other")), MessageKind::kChat);
}

TEST_F(StoreFirstPublisherTest, NobodyGetsItAndTheSenderWaitsForTheWorkersWord) {
  elsewhere_.enter({Member{kRoom, SessionId("x"), UserId("bob"), 0}},
                   Reply<std::vector<Result<Seq>>>(executor_, [](const auto&) {}));
  const MessageRef sent = publish();
  feed_.answer_all();
  executor_.run();
  EXPECT_TRUE(bus_.published.empty());
  EXPECT_TRUE(confirmed_.empty()) << "the broker's confirm is not the store's";
  EXPECT_EQ(publisher_.in_flight(), 1U);
  publisher_.settle({word(*message(), MessageKind::kStored), sent});
  EXPECT_TRUE(confirmed_.empty()) << "a word on another message";
  publisher_.settle({word(*sent, MessageKind::kStored)});
  ASSERT_EQ(confirmed_.size(), 1U);
  EXPECT_EQ(*confirmed_[0], sent->position.seq);
  EXPECT_EQ(publisher_.in_flight(), 0U);
  publisher_.settle({word(*sent, MessageKind::kStored)});
  EXPECT_EQ(confirmed_.size(), 1U) << "a redelivery is told of twice";
}

TEST_F(StoreFirstPublisherTest, TheWorkerMayBeQuickerThanTheBrokersConfirm) {
  const MessageRef sent = publish();
  publisher_.settle({word(*sent, MessageKind::kStored)});
  ASSERT_EQ(confirmed_.size(), 1U);
  feed_.answer_all();
  executor_.run();
  EXPECT_EQ(confirmed_.size(), 1U);
  EXPECT_EQ(publisher_.in_flight(), 0U);
}

TEST_F(StoreFirstPublisherTest, ARefusalOfTheFeedOrTheStoreIsPassedOn) {
  publish();
  feed_.answer_all(Error(Errc::kOverloaded, "queue is full"));
  executor_.run();
  const MessageRef sent = publish();
  feed_.answer_all();
  publisher_.settle({word(*sent, MessageKind::kRefused, "value too long")});
  executor_.run();
  ASSERT_EQ(confirmed_.size(), 2U);
  EXPECT_EQ(confirmed_[0].error().detail, "queue is full");
  EXPECT_EQ(confirmed_[1].error().detail, "the store refused it: value too long");
  EXPECT_TRUE(confirmed_[1].error().is(Errc::kInvalidArgument)) << "not worth another try";
  EXPECT_EQ(publisher_.in_flight(), 0U);
}

TEST_F(StoreFirstPublisherTest, WithoutAWordItsOutcomeIsUnknown) {
  publish();
  feed_.answer_all();
  executor_.run();
  clock_.advance(Milliseconds(4'900));
  executor_.advance(Milliseconds(4'900));
  executor_.run();
  EXPECT_TRUE(confirmed_.empty());
  clock_.advance(Milliseconds(1'000));
  executor_.advance(Milliseconds(1'000));
  executor_.run();
  ASSERT_EQ(confirmed_.size(), 1U);
  EXPECT_TRUE(confirmed_[0].error().is(Errc::kTimeout));
  EXPECT_EQ(publisher_.in_flight(), 0U);
}

TEST_F(StoreFirstPublisherTest, ARepeatUnderItsKeyIsAnsweredWithTheFirst) {
  const MessageRef first = publish("k");
  const MessageRef second = publish("k");
  EXPECT_EQ(second->id, first->id);
  publisher_.settle({word(*first, MessageKind::kStored)});
  ASSERT_EQ(confirmed_.size(), 2U);
  EXPECT_EQ(*confirmed_[0], *confirmed_[1]);
}

TEST(LocalFanoutTest, GivesWhatIsForTheGatewayToEveryShard) {
  ManualExecutor executor;
  LocalFanout fanout;
  std::vector<std::size_t> got(3);
  for (std::size_t i = 0; i < 3; ++i) {
    const ShardIndex shard = fanout.attach(executor, [](const auto&) {});
    fanout.attach_addressed(shard, [&, i](const auto& batch) { got[i] += batch.size(); });
  }
  fanout.deliver_addressed({message(), message()});
  fanout.deliver_addressed({message()}, 1);
  executor.run();
  EXPECT_EQ(got, (std::vector<std::size_t>{3, 2, 3}));
}

TEST(LocalFanoutTest, PostsOnceToEachInterestedShard) {
  ManualExecutor executor;
  LocalFanout fanout;
  std::vector<std::vector<MessageRef>> got(3);
  int posts = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    fanout.attach(executor, [&, i](std::vector<MessageRef> batch) {
      ++posts;
      got[i].insert(got[i].end(), batch.begin(), batch.end());
    });
  }
  fanout.set_interest(0, partition_of(kRoom), true);
  fanout.set_interest(2, partition_of(kRoom), true);
  fanout.deliver({message(), message()}, 0);
  executor.run();
  EXPECT_EQ(posts, 1);
  EXPECT_TRUE(got[0].empty()) << "the sender's shard delivers by itself";
  EXPECT_EQ(got[2].size(), 2u);
  fanout.set_interest(2, partition_of(kRoom), false);
  fanout.deliver({message()}, 0);
  EXPECT_TRUE(executor.idle());
}

}  // namespace
}  // namespace stampede::gateway
