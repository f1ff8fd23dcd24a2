#include "gateway/rooms/room_presence.h"

#include <gmock/gmock.h>

#include "gateway/rooms/presence_messages.h"

namespace stampede::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const RoomName kRoom = *parse_room_name("lobby");
constexpr std::int64_t kAnyTime = 1;

class RoomPresenceTest : public testing::Test {
 protected:
  static PresenceChange change(const std::string& user, bool joined, std::int64_t users, Seq seq,
                               Seq prev) {
    return {kRoom, UserId(user), joined, users, {seq, prev}, true};
  }
  void join(const std::string& user, std::int64_t users, Seq seq, Seq prev) {
    offer(change_message(change(user, true, users, seq, prev), GatewayId("g"), kAnyTime));
  }
  void leave(const std::string& user, std::int64_t users, Seq seq, Seq prev) {
    offer(change_message(change(user, false, users, seq, prev), GatewayId("g"), kAnyTime));
  }
  void count(std::int64_t users, Seq seq) {
    offer(count_message(change("x", true, users, seq, seq - 1), GatewayId("g"), kAnyTime));
  }
  void offer(const MessageRef& event) {
    std::vector<MessageRef> out;
    presence_.offer(event, now_, out);
    note(out);
  }
  void open(Seq version, bool listed = true) {
    std::vector<MessageRef> out;
    presence_.open(version, listed, now_, out);
    note(out);
  }
  void pass(Milliseconds time) {
    now_ += time;
    std::vector<MessageRef> out;
    presence_.tick(now_, out);
    note(out);
  }
  /// "join ann 1", "count 200".
  void note(const std::vector<MessageRef>& events) {
    for (const MessageRef& event : events) {
      std::string text = event->headers.at(0).value;
      if (event->headers.size() > 2) text += " " + event->headers.at(2).value;
      told_.push_back(text + " " + event->headers.at(1).value);
    }
  }

  Clock::Instant now_ = Clock::Instant(std::chrono::hours(1));
  RoomPresence presence_{{}};
  std::vector<std::string> told_;
};

TEST_F(RoomPresenceTest, TellsChangesInTheOrderMade) {
  open(10);
  join("bob", 2, 12, 11);
  EXPECT_THAT(told_, IsEmpty()) << "another gateway's change is still on its way";
  leave("ann", 1, 11, 10);
  EXPECT_THAT(told_, ElementsAre("leave ann 1", "join bob 2"));
  EXPECT_FALSE(presence_.stale());
}

TEST_F(RoomPresenceTest, WhatTheListOfUsersHadIsNotToldAgain) {
  join("ann", 1, 11, 10);
  join("bob", 2, 12, 11);
  EXPECT_THAT(told_, IsEmpty()) << "before the users are known";
  open(11);
  EXPECT_THAT(told_, ElementsAre("join bob 2"));
  join("ann", 1, 11, 10);
  EXPECT_THAT(told_, ElementsAre("join bob 2"));
}

TEST_F(RoomPresenceTest, AMissingChangeMakesItStaleAfterTheReorderWindow) {
  open(10);
  join("bob", 3, 12, 11);
  EXPECT_EQ(presence_.next_tick(), now_ + Milliseconds(50));
  pass(Milliseconds(49));
  EXPECT_FALSE(presence_.stale());
  pass(Milliseconds(1));
  EXPECT_TRUE(presence_.stale());
  EXPECT_THAT(told_, ElementsAre("join bob 3")) << "better than nothing until the users are known";
  open(12);
  EXPECT_FALSE(presence_.stale());
}

TEST_F(RoomPresenceTest, AMissingLastChangeIsFoundByTheVersion) {
  open(10);
  presence_.expect(10, now_);
  EXPECT_EQ(presence_.next_tick(), std::nullopt);
  presence_.expect(11, now_);
  pass(Milliseconds(20));
  EXPECT_FALSE(presence_.stale()) << "it may be on its way";
  pass(Milliseconds(40));
  EXPECT_TRUE(presence_.stale());
  open(11);
  EXPECT_EQ(presence_.next_tick(), std::nullopt);
}

TEST_F(RoomPresenceTest, AnExpectedChangeThatComesIsNoGap) {
  open(10);
  presence_.expect(11, now_);
  join("bob", 2, 11, 10);
  pass(Milliseconds(100));
  EXPECT_FALSE(presence_.stale());
}

TEST_F(RoomPresenceTest, NumbersAreToldOnceASecondAndTheLastOneIsNotLost) {
  open(10, false);
  count(200, 11);
  count(201, 12);
  count(202, 13);
  EXPECT_THAT(told_, ElementsAre("count 200"));
  EXPECT_EQ(presence_.next_tick(), now_ + Milliseconds(1'000));
  pass(Milliseconds(1'000));
  EXPECT_THAT(told_, ElementsAre("count 200", "count 202"));
  EXPECT_EQ(presence_.next_tick(), std::nullopt);
  pass(Milliseconds(2'000));
  count(203, 14);
  EXPECT_THAT(told_, ElementsAre("count 200", "count 202", "count 203"));
}

TEST_F(RoomPresenceTest, AnOlderNumberIsNotTold) {
  open(10, false);
  count(200, 15);
  pass(Milliseconds(1'000));
  count(150, 14);
  EXPECT_THAT(told_, ElementsAre("count 200"));
}

TEST_F(RoomPresenceTest, ARoomThatGetsSmallAgainNeedsItsUsersAnew) {
  open(10);
  count(101, 11);
  leave("ann", 100, 12, 11);
  EXPECT_THAT(told_, ElementsAre("count 101")) << "who else came meanwhile is not known";
  EXPECT_TRUE(presence_.stale());
  open(12);
  leave("bob", 99, 13, 12);
  EXPECT_THAT(told_, ElementsAre("count 101", "leave bob 99"));
}

TEST_F(RoomPresenceTest, AChainThatBeginsAnewIsNoGap) {
  open(10);
  join("ann", 1, 1'000, kNoSeq);  // the directory has lost its memory
  EXPECT_THAT(told_, ElementsAre("join ann 1"));
  EXPECT_FALSE(presence_.stale());
}

TEST_F(RoomPresenceTest, AnAnswerThatAChangeOvertookLeavesItStale) {
  open(10);
  presence_.set_stale();
  leave("ann", 1, 11, 10);
  open(10);
  EXPECT_TRUE(presence_.stale()) << "the watchers have just been told of users with ann";
  open(11);
  EXPECT_FALSE(presence_.stale());
}

TEST_F(RoomPresenceTest, AChangeThatWasHeldIsToldAfterTheAnswerAndNothingIsStale) {
  open(10);
  presence_.set_stale();
  join("bob", 2, 12, 11);
  open(11);
  EXPECT_FALSE(presence_.stale());
  EXPECT_THAT(told_, ElementsAre("join bob 2"));
}

TEST_F(RoomPresenceTest, ADirectoryThatCountsAnewFromALowerNumberIsFollowed) {
  open(1'000);
  presence_.expect(20, now_);
  EXPECT_FALSE(presence_.stale()) << "events may have overtaken this answer";
  presence_.expect(21, now_);
  EXPECT_TRUE(presence_.stale());
  open(21);
  EXPECT_FALSE(presence_.stale());
  join("bob", 2, 22, 21);
  EXPECT_THAT(told_, ElementsAre("join bob 2"));
}

TEST_F(RoomPresenceTest, AnswersThatAreOvertakenAgainAndAgainProveNothing) {
  open(10);
  for (Seq seq = 11; seq < 20; ++seq) {
    join("bob", 2, seq, seq - 1);
    presence_.expect(seq - 1, now_);
    EXPECT_FALSE(presence_.stale());
  }
}

}  // namespace
}  // namespace stampede::gateway
