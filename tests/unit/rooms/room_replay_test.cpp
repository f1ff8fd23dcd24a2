#include "tests/unit/rooms/room_fixture.h"

namespace stampede::gateway {
namespace {

class RoomReplayTest : public RoomRegistryTest {
 protected:
  /// Sequenced and stored, and not delivered to anybody.
  std::vector<Seq> sent_before(int count) {
    std::vector<Seq> out;
    for (int i = 0; i < count; ++i) {
      clock_.advance(Microseconds(10));  // room for positions between
      const MessageRef one = sent_elsewhere();
      history_.stored.push_back(one);
      out.push_back(one->position.seq);
    }
    return out;
  }
  /// The same, delivered to the room's members too.
  Seq sent_now() {
    const MessageRef one = sent_elsewhere();
    history_.stored.push_back(one);
    bus_.arrive({one});
    executor_.run();
    return one->position.seq;
  }
  /// Without a position of the directory's, as its sender had none at the time.
  static Message unsequenced() {
    Message message;
    message.id = new_message_id();
    message.room = kRoom;
    message.origin = GatewayId("other");
    return message;
  }
  void arrive(const Message& message, Position position = {}) {
    bus_.arrive({with_position(message, position)});
    executor_.run();
  }
  static Replay since(Seq seq) { return {seq, 0}; }
  static Replay newest(std::size_t count) { return {std::nullopt, count}; }
  static std::vector<Seq> tail(const std::vector<Seq>& seqs, std::size_t from) {
    return {seqs.begin() + static_cast<std::ptrdiff_t>(from), seqs.end()};
  }
  void pass_in_steps(Milliseconds time) {
    for (Milliseconds done{0}; done < time; done += Milliseconds(10)) pass(Milliseconds(10));
  }
  double counted(const std::string& name) const {
    const std::string text = metrics_.expose();
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }
};

TEST_F(RoomReplayTest, SinceGivesWhatCameAfterAndThenGoesOn) {
  auto seqs = sent_before(20);
  Listener listener;
  subscribe(listener, "s1", since(seqs[4]));
  executor_.run();
  EXPECT_EQ(listener.seqs, tail(seqs, 5));
  EXPECT_EQ(listener.live_at, 15u) << "live when the replay is done";
  EXPECT_TRUE(listener.started.recovered);
  EXPECT_EQ(listener.started.position, seqs.back());
  for (const std::string& frame : listener.frames) {
    EXPECT_NE(frame.find("\nreplay:true\n"), std::string::npos);
  }
  seqs.push_back(sent_now());
  EXPECT_EQ(listener.seqs, tail(seqs, 5));
  EXPECT_EQ(listener.frames.back().find("\nreplay:true\n"), std::string::npos);
}

TEST_F(RoomReplayTest, NothingMissedIsNothingReplayedAndNothingAsked) {
  const auto seqs = sent_before(3);
  Listener listener;
  subscribe(listener, "s1", since(seqs.back()));
  executor_.run();
  EXPECT_TRUE(listener.live && listener.live->has_value());
  EXPECT_TRUE(listener.started.recovered);
  EXPECT_TRUE(listener.seqs.empty());
  EXPECT_EQ(counted("stampede_gateway_backlog_lookups_total{source=\"recent\"}"), 0);
}

TEST_F(RoomReplayTest, TheNewestMessagesAreAsManyAsAskedFor) {
  const auto seqs = sent_before(30);
  Listener some;
  Listener all;
  subscribe(some, "s1", newest(7));
  subscribe(all, "s2", newest(100));
  executor_.run();
  EXPECT_EQ(some.seqs, tail(seqs, 23));
  EXPECT_EQ(all.seqs, seqs);
  EXPECT_TRUE(some.started.recovered);
  EXPECT_TRUE(all.started.recovered);
}

TEST_F(RoomReplayTest, WhatTheRingHasIsNotAskedFor) {
  Listener present;
  subscribe(present);
  executor_.run();
  std::vector<Seq> seqs;
  for (int i = 0; i < 20; ++i) seqs.push_back(sent_now());
  Listener back;
  subscribe(back, "s2", since(seqs[9]));
  Listener last;
  subscribe(last, "s3", newest(3));
  executor_.run();
  EXPECT_EQ(back.seqs, tail(seqs, 10));
  EXPECT_EQ(last.seqs, tail(seqs, 17));
  EXPECT_EQ(counted("stampede_gateway_replayed_total{source=\"ring\"}"), 13);
  EXPECT_EQ(counted("stampede_gateway_backlog_lookups_total{source=\"recent\"}"), 0);
}

TEST_F(RoomReplayTest, TenThousandWhoComeBackCostOneLookup) {
  const auto seqs = sent_before(12);
  std::vector<std::unique_ptr<Listener>> crowd;
  for (int i = 0; i < 10'000; ++i) {
    crowd.push_back(std::make_unique<Listener>());
    subscribe(*crowd.back(), "s" + std::to_string(i),
              since(seqs[static_cast<std::size_t>(i % 10)]));
  }
  executor_.run();
  for (std::size_t i = 0; i < crowd.size(); ++i) {
    ASSERT_EQ(crowd[i]->seqs, tail(seqs, i % 10 + 1)) << i;
    ASSERT_TRUE(crowd[i]->started.recovered);
  }
  EXPECT_EQ(counted("stampede_gateway_backlog_lookups_total{source=\"recent\"}"), 1);
}

TEST_F(RoomReplayTest, MessagesOfMeanwhileComeOnceAndInOrder) {
  bus_.bind_at_once = false;
  auto seqs = sent_before(10);
  Listener listener;
  subscribe(listener, "s1", since(seqs[2]));
  executor_.run();
  bus_.binds[0].bound(Result<void>());
  const MessageRef meanwhile = sent_elsewhere();
  history_.stored.push_back(meanwhile);
  bus_.arrive({meanwhile});
  seqs.push_back(meanwhile->position.seq);
  executor_.run();
  seqs.push_back(sent_now());
  EXPECT_EQ(listener.seqs, tail(seqs, 3));
}

TEST_F(RoomReplayTest, WhatHistoryAloneHasIsReplayedToo) {
  const auto seqs = sent_before(1'500);  // the recent list keeps 1000
  Listener listener;
  subscribe(listener, "s1", since(seqs[99]));
  executor_.run();
  EXPECT_EQ(listener.seqs, tail(seqs, 100));
  EXPECT_EQ(counted("stampede_gateway_replayed_total{source=\"history\"}"), 400);
}

TEST_F(RoomReplayTest, ALossIsSaidWithTheOldestPositionThereIs) {
  const auto seqs = sent_before(1'500);
  history_.away = true;
  Listener listener;
  subscribe(listener, "s1", since(seqs[99]));
  executor_.run();
  EXPECT_FALSE(listener.live) << "history may be back in a moment";
  pass(Milliseconds(2'500));
  ASSERT_TRUE(listener.live);
  EXPECT_FALSE(listener.started.recovered);
  EXPECT_EQ(listener.started.oldest, seqs[500]);
  EXPECT_EQ(listener.seqs, tail(seqs, 500));
  EXPECT_EQ(counted("stampede_gateway_unrecovered_total"), 1);
}

TEST_F(RoomReplayTest, StorageThatIsBehindIsWaitedFor) {
  const auto seqs = sent_before(1'500);
  const MessageRef late = history_.stored[300];
  history_.stored.erase(history_.stored.begin() + 300);
  Listener listener;
  subscribe(listener, "s1", since(seqs[99]));
  executor_.run();
  EXPECT_FALSE(listener.live);
  history_.stored.insert(history_.stored.begin() + 300, late);
  pass(Milliseconds(500));
  EXPECT_TRUE(listener.started.recovered);
  EXPECT_EQ(listener.seqs, tail(seqs, 100));
}

TEST_F(RoomReplayTest, ARoomThatTheDirectoryForgotComesFromHistory) {
  const auto seqs = sent_before(10);
  clock_.advance(std::chrono::hours(1));
  Listener other;
  registry_.subscribe(Member{RoomName("other"), SessionId("s0"), UserId("u"), 0}, other,
                      [](const Result<Started>&) {});
  executor_.run();
  Listener listener;
  subscribe(listener, "s1", since(seqs[3]));
  executor_.run();
  EXPECT_EQ(listener.seqs, tail(seqs, 4));
  EXPECT_TRUE(listener.started.recovered);
  EXPECT_EQ(listener.started.position, seqs.back());
  const Seq next = sent_now();
  EXPECT_EQ(listener.seqs.back(), next);
  EXPECT_EQ(listener.seqs.size(), 7u);
}

TEST_F(RoomReplayTest, AClientTakesItsReplayAtItsOwnPace) {
  auto seqs = sent_before(50);
  Listener slow;
  slow.takes = 10;
  Listener quick;
  subscribe(slow, "s1", since(seqs[0]));
  subscribe(quick, "s2", since(seqs[0]));
  executor_.run();
  EXPECT_EQ(slow.frames.size(), 10u);
  EXPECT_FALSE(slow.live);
  EXPECT_EQ(quick.seqs, tail(seqs, 1)) << "nobody waits for the slow one";
  seqs.push_back(sent_now());
  slow.takes = 1'000;
  pass(Milliseconds(50));
  EXPECT_EQ(slow.seqs, tail(seqs, 1));
  EXPECT_EQ(quick.seqs, tail(seqs, 1));
  EXPECT_TRUE(slow.live && slow.live->has_value());
}

TEST_F(RoomReplayTest, AClientThatTakesNothingLosesItsReplay) {
  const auto seqs = sent_before(50);
  Listener stuck;
  stuck.takes = 5;
  subscribe(stuck, "s1", since(seqs[0]));
  executor_.run();
  for (int i = 0; i < 310; ++i) pass(Milliseconds(100));
  ASSERT_TRUE(stuck.live);
  EXPECT_NE(stuck.live->error().detail.find("30000 ms"), std::string::npos);
  EXPECT_EQ(members(), 0u);
}

TEST_F(RoomReplayTest, WhoLeavesWhileCatchingUpIsForgotten) {
  const auto seqs = sent_before(50);
  Listener listener;
  listener.takes = 5;
  subscribe(listener, "s1", since(seqs[0]));
  executor_.run();
  registry_.unsubscribe(kRoom, SessionId("s1"), listener, RoomRegistry::Leaving::kAtOnce);
  executor_.run();
  pass(Seconds(40));
  EXPECT_FALSE(listener.live);
  EXPECT_EQ(members(), 0u);
}

TEST_F(RoomReplayTest, WhatComesWithoutAPositionMeanwhileEndsTheReplay) {
  auto seqs = sent_before(20);
  Listener listener;
  listener.takes = 5;
  subscribe(listener, "s1", since(seqs[3]));
  executor_.run();
  ASSERT_EQ(listener.frames.size(), 5u);
  arrive(unsequenced());
  listener.takes = 1'000;
  pass(Milliseconds(50));
  seqs.push_back(kNoSeq);
  EXPECT_EQ(listener.seqs, tail(seqs, 4));
  EXPECT_EQ(listener.live_at, 17u) << "before the RECEIPT";
  EXPECT_NE(listener.frames.back().find("\nreplay:true\n"), std::string::npos);
  EXPECT_EQ(listener.started.position, seqs[19]);
}

TEST_F(RoomReplayTest, WhatCameMeanwhileAndIsStoredAlreadyComesOnce) {
  history_.away = true;  // so that the replay is held up
  auto seqs = sent_before(1'200);
  Listener listener;
  subscribe(listener, "s1", since(seqs[99]));
  executor_.run();
  const Message twice = unsequenced();
  arrive(twice);
  history_.stored.insert(history_.stored.begin() + 150,
                         with_position(twice, {seqs[149] + 1, kNoSeq}));
  history_.away = false;
  pass_in_steps(Milliseconds(600));
  ASSERT_TRUE(listener.live && listener.started.recovered);
  EXPECT_EQ(listener.seqs.size(), 1'101u);
  EXPECT_EQ(listener.seqs[50], seqs[149] + 1) << "at the place that the store gave it";
  EXPECT_EQ(listener.seqs.back(), seqs.back());
}

TEST_F(RoomReplayTest, WhatCameMeanwhileIsTakenAtTheClientsPace) {
  const auto seqs = sent_before(20);
  Listener listener;
  listener.takes = 5;
  subscribe(listener, "s1", since(seqs[3]));
  executor_.run();
  for (int i = 0; i < 30; ++i) arrive(unsequenced());
  listener.takes = 20;
  pass(Milliseconds(50));
  EXPECT_EQ(listener.frames.size(), 20u);
  EXPECT_FALSE(listener.live);
  listener.takes = 1'000;
  pass(Milliseconds(50));
  EXPECT_EQ(listener.live_at, 46u);
  EXPECT_TRUE(listener.started.recovered);
}

TEST_F(RoomReplayTest, WhatCameMeanwhileAndIsTooMuchIsSaid) {
  const auto seqs = sent_before(20);
  Listener listener;
  listener.takes = 5;
  subscribe(listener, "s1", since(seqs[3]));
  executor_.run();
  for (int i = 0; i < 1'001; ++i) arrive(unsequenced());
  listener.takes = 10'000;
  pass(Milliseconds(50));
  EXPECT_EQ(listener.live_at, 1'016u);
  EXPECT_FALSE(listener.started.recovered);
}

/// As all of a room's are that nobody stays in: the directory has forgotten it each time.
TEST_F(RoomReplayTest, AMessageThatNoneComesBeforeKeepsItsPosition) {
  history_.stored.push_back(with_position(unsequenced(), {1'000, kNoSeq}));
  history_.stored.push_back(with_position(unsequenced(), {2'000, kNoSeq}));
  Listener listener;
  subscribe(listener, "s1", newest(10));
  executor_.run();
  EXPECT_EQ(listener.seqs, (std::vector<Seq>{1'000, 2'000}));
  EXPECT_EQ(listener.started.position, 2'000);
}

TEST_F(RoomReplayTest, WhoIsAheadOfTheRoomIsToldOfALaterLossToo) {
  const Seq known = sent_before(1).back() + 1'000;  // a position that this gateway has not heard of
  Listener listener;
  subscribe(listener);
  Listener ahead;
  subscribe(ahead, "s2", since(known));
  executor_.run();
  pass_in_steps(Milliseconds(2'500));
  ASSERT_TRUE(ahead.live);
  ahead.frames.clear();
  arrive(unsequenced(), {known + 200, known + 100});
  pass_in_steps(Milliseconds(10'000));
  ASSERT_EQ(ahead.seqs, (std::vector<Seq>{known + 200}));
  EXPECT_NE(ahead.frames.back().find("\nrecovered:false\n"), std::string::npos);
}

TEST_F(RoomReplayTest, ALostLastMessageIsFoundByComparing) {
  Listener listener;
  subscribe(listener);
  executor_.run();
  const auto lost = sent_before(1);
  executor_.run();
  EXPECT_TRUE(listener.seqs.empty());
  pass_in_steps(Milliseconds(5'100));
  EXPECT_EQ(listener.seqs, lost);
  EXPECT_EQ(counted("stampede_gateway_healed_total{source=\"recent\"}"), 1);
}

TEST_F(RoomReplayTest, ARoomThatFallsBehindAgainAndAgainIsBoundAnew) {
  Listener listener;
  subscribe(listener);
  executor_.run();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(bus_.unbound_keys.empty());
    sent_before(1);
    pass_in_steps(Milliseconds(5'200));
  }
  EXPECT_EQ(bus_.unbound_keys, (std::vector<BindingKey>{binding_of(kRoom)}));
  EXPECT_EQ(bus_.bound_keys.size(), 2u);
  EXPECT_EQ(counted("stampede_gateway_rebound_total"), 1);
  EXPECT_EQ(listener.seqs.size(), 3u);
}

TEST_F(RoomReplayTest, AGapIsHealedFromHistoryWhenTheRecentListIsAway) {
  Listener listener;
  subscribe(listener);
  executor_.run();
  std::vector<Seq> seqs{sent_now()};
  const auto lost = sent_before(1'100);  // more than the recent list keeps
  seqs.insert(seqs.end(), lost.begin(), lost.end());
  seqs.push_back(sent_now());
  for (int i = 0; i < 5; ++i) pass(Milliseconds(200));
  EXPECT_EQ(listener.seqs, seqs);
  EXPECT_GT(counted("stampede_gateway_healed_total{source=\"history\"}"), 0);
}

TEST_F(RoomReplayTest, HealsTheFirstMessageOfARoomFromTheHistory) {
  Listener listener;
  subscribe(listener);
  executor_.run();
  // The recent list keeps 1000 and nothing of these was delivered; the last one reveals it.
  auto seqs = sent_before(1'200);
  seqs.push_back(sent_now());
  // What was sent without a position has no predecessor either, and was delivered back then.
  history_.stored.insert(history_.stored.begin(),
                         with_position(unsequenced(), {seqs[0] - 1, kNoSeq}));
  pass_in_steps(Milliseconds(100));
  EXPECT_EQ(listener.seqs, seqs);
}

}  // namespace
}  // namespace stampede::gateway
