// Rooms whose messages nobody gets before they are stored: what is sequenced proves nothing here.
#include "tests/unit/rooms/room_fixture.h"

namespace stampede::gateway {
namespace {

class StoreFirstRoomTest : public RoomRegistryTest {
 protected:
  StoreFirstRoomTest() { bus_.bind_at_once = true; }

  /// Sequenced by a gateway, the test's own or another; not stored yet.
  MessageRef sequenced() {
    Message message;
    message.id = new_message_id();
    message.kind = MessageKind::kStoreFirst;
    message.room = kRoom;
    message.origin = GatewayId("me");
    auto unplaced = std::make_shared<const Message>(message);
    MessageRef placed;
    elsewhere_.sequence({{unplaced, kNoSeq}},
                        Reply<std::vector<Result<Sequenced>>>(
                            executor_, [&](const std::vector<Result<Sequenced>>& places) {
                              placed = with_position(*unplaced, places[0]->position);
                            }));
    executor_.run();
    return placed;
  }
  /// As a store gives it back.
  static MessageRef stored(const MessageRef& message) {
    auto copy = std::make_shared<Message>(*message);
    copy->kind = MessageKind::kChat;
    return copy;
  }
  /// A worker has stored it and publishes it.
  void store(const MessageRef& message) {
    history_.stored.push_back(stored(message));
    bus_.arrive({message});
    executor_.run();
  }
  void pass_in_steps(Milliseconds time) {
    for (Milliseconds done{0}; done < time; done += Milliseconds(100)) pass(Milliseconds(100));
  }

  RoomRegistry::Options options() const {
    RoomRegistry::Options out;
    out.store_first = {*RoomPattern::parse("lobby")};
    out.store_first_patience = Milliseconds(20'000);
    return out;
  }
  RoomRegistry rooms_first_{executor_, clock_,      options(), directory_, directory_,
                            backlog_,  dispatcher_, fanout_,   metrics_};
  Listener listener_;

  void enter(Replay replay = {}) {
    rooms_first_.subscribe(
        Member{kRoom, SessionId("s"), UserId("ann"), 0}, listener_,
        [this](const Result<Started>& started) {
          listener_.live = started ? Result<Seq>(started->position) : started.error();
          if (started) listener_.started = *started;
        },
        replay);
    executor_.run();
    if (replay.asked()) return;
    ASSERT_TRUE(listener_.live && *listener_.live);
  }
};

TEST_F(StoreFirstRoomTest, ItsOwnGatewaysMessagesComeByTheBus) {
  enter();
  const MessageRef message = sequenced();
  store(message);
  store(message);  // a redelivery
  EXPECT_EQ(listener_.seqs, std::vector<Seq>{message->position.seq});
}

TEST_F(StoreFirstRoomTest, WhatIsOnlySequencedIsNeverTakenFromTheRecentList) {
  enter();
  const MessageRef first = sequenced();
  const MessageRef second = sequenced();
  bus_.arrive({second});
  executor_.run();
  pass_in_steps(Milliseconds(10'000));
  EXPECT_TRUE(listener_.seqs.empty()) << "the first is not stored, and may be";
  bus_.arrive({first});
  executor_.run();
  EXPECT_EQ(listener_.seqs, (std::vector<Seq>{first->position.seq, second->position.seq}));
}

TEST_F(StoreFirstRoomTest, AMessageThatIsStoredAndDidNotComeIsHealedFromTheHistory) {
  enter();
  const MessageRef first = sequenced();
  history_.stored.push_back(stored(first));
  pass_in_steps(Milliseconds(6'000));
  EXPECT_EQ(listener_.seqs, std::vector<Seq>{first->position.seq}) << "the comparison found it";
}

TEST_F(StoreFirstRoomTest, AStoreThatIsAwayForLongLosesNothing) {
  enter();
  std::vector<Seq> expected;
  std::vector<MessageRef> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.push_back(sequenced());
    expected.push_back(waiting.back()->position.seq);
  }
  history_.away = true;
  pass_in_steps(Milliseconds(60'000));
  EXPECT_TRUE(listener_.seqs.empty());
  history_.away = false;
  for (const MessageRef& message : waiting) store(message);
  EXPECT_EQ(listener_.seqs, expected);
}

// The room opens here at a position that the store does not have yet.
TEST_F(StoreFirstRoomTest, WhoIsBackWhileTheStoreIsAwayGetsWhatIsStoredLater) {
  const MessageRef seen = sequenced();
  history_.stored.push_back(stored(seen));
  const std::vector<MessageRef> waiting{sequenced(), sequenced()};
  history_.away = true;
  enter(Replay{.since = seen->position.seq});
  pass_in_steps(Milliseconds(15'000));
  EXPECT_FALSE(listener_.live) << "nobody knows yet whether something is lost";
  history_.away = false;
  for (const MessageRef& message : waiting) store(message);
  pass_in_steps(Milliseconds(1'000));
  ASSERT_TRUE(listener_.live && *listener_.live);
  EXPECT_TRUE(listener_.started.recovered);
  EXPECT_EQ(listener_.seqs, (std::vector<Seq>{waiting[0]->position.seq, waiting[1]->position.seq}));
}

TEST_F(StoreFirstRoomTest, AMessageThatNeverComesHoldsTheOthersUpForTheirPatienceOnly) {
  enter();
  sequenced();
  const MessageRef second = sequenced();
  store(second);
  pass_in_steps(Milliseconds(19'000));
  EXPECT_TRUE(listener_.seqs.empty());
  pass_in_steps(Milliseconds(3'000));
  ASSERT_EQ(listener_.seqs, std::vector<Seq>{second->position.seq});
  EXPECT_NE(listener_.frames[0].find("recovered:false"), std::string::npos);
}

}  // namespace
}  // namespace stampede::gateway
