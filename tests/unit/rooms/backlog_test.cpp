#include "gateway/rooms/backlog.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "shared/adapters/memory/memory.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_history.h"
#include "tests/support/manual_executor.h"

namespace stampede::gateway {
namespace {

const RoomName kRoom = *parse_room_name("lobby");

class BacklogTest : public testing::Test {
 protected:
  /// Sequenced and stored; the recent list keeps the newest ten.
  void send(int count) {
    for (int i = 0; i < count; ++i) {
      clock_.advance(Microseconds(10));  // room for positions between
      Message message;
      message.id = new_message_id();
      message.room = kRoom;
      auto unplaced = std::make_shared<const Message>(message);
      directory_.sequence(
          {{unplaced, kNoSeq}},
          Reply<std::vector<Result<Sequenced>>>(executor_, [this, unplaced](const auto& places) {
            sent_.push_back(with_position(*unplaced, places[0]->position));
            history_.stored.push_back(sent_.back());
          }));
      executor_.run();
    }
  }
  void ask(Seq after, std::size_t limit = 10'000) {
    backlog_.find({kRoom, after, limit},
                  Reply<Backlog::FoundRef>(executor_, [this](const Backlog::FoundRef& found) {
                    found_.push_back(found);
                  }));
  }
  const Backlog::Found& find(Seq after, std::size_t limit = 10'000) {
    ask(after, limit);
    executor_.run();
    return *found_.back();
  }
  /// Into the history, where the store chose its position.
  void place(Seq seq) {
    Message message;
    message.id = new_message_id();
    message.room = kRoom;
    const auto at = std::find_if(history_.stored.begin(), history_.stored.end(),
                                 [&](const MessageRef& one) { return one->position.seq > seq; });
    history_.stored.insert(at, with_position(message, {seq, kNoSeq}));
  }
  Seq seq(std::size_t index) const { return sent_[index]->position.seq; }

  test::FakeClock clock_;
  test::ManualExecutor executor_;
  Metrics metrics_;
  memory::MemoryRooms rooms_{{.recent_messages = 10}, clock_};
  memory::MemoryDirectory directory_{rooms_};
  test::FakeHistory history_;
  Backlog backlog_{executor_, clock_, {}, directory_, &history_, metrics_};
  std::vector<MessageRef> sent_;
  std::vector<Backlog::FoundRef> found_;
};

TEST_F(BacklogTest, TheRecentListIsEnoughWhenTheChainReachesBack) {
  send(30);
  const auto& found = find(seq(24));
  EXPECT_EQ(found.messages.size(), 5u);
  EXPECT_LE(found.from, seq(24));
  EXPECT_TRUE(history_.asked.empty());
}

TEST_F(BacklogTest, HistoryGivesWhatIsOlder) {
  send(700);
  const auto& found = find(seq(99));
  ASSERT_EQ(found.messages.size(), 600u);
  for (std::size_t i = 0; i < 600; ++i) EXPECT_EQ(found.messages[i]->id, sent_[100 + i]->id);
  EXPECT_LE(found.from, seq(99));
  EXPECT_EQ(found.from_history, 590u);
  EXPECT_EQ(history_.asked.size(), 3u) << "pages of 200";
}

TEST_F(BacklogTest, ManyWhoAskTogetherCostOneLookup) {
  send(30);
  for (int i = 0; i < 1'000; ++i) ask(seq(5));
  executor_.run();
  ASSERT_EQ(found_.size(), 1'000u);
  EXPECT_EQ(history_.asked.size(), 1u);
  for (const auto& one : found_) EXPECT_EQ(one, found_[0]);
}

TEST_F(BacklogTest, WhoAsksForMoreGetsALookupOfItsOwn) {
  send(30);
  ask(seq(25));
  ask(seq(3));
  ask(seq(27));
  executor_.run();
  ASSERT_EQ(found_.size(), 3u);
  EXPECT_EQ(found_[0], found_[1]) << "the later asker that wanted less";
  EXPECT_LE(found_[2]->from, seq(3));
}

TEST_F(BacklogTest, StopsAtAGapInTheHistory) {
  send(40);
  history_.stored.erase(history_.stored.begin() + 20);
  const auto& found = find(seq(4));
  EXPECT_EQ(found.messages.front()->id, sent_[21]->id);
  EXPECT_EQ(found.from, seq(20));
  EXPECT_FALSE(found.cut) << "it may be stored in a moment, so asking again makes sense";
}

TEST_F(BacklogTest, WhatTheStorePlacedClosesNoGap) {
  send(40);
  history_.stored.erase(history_.stored.begin() + 20);
  place(seq(20) + 1);
  place(seq(22) + 1);
  const auto& found = find(seq(4));
  ASSERT_EQ(found.messages.size(), 21u);
  EXPECT_EQ(found.messages.front()->position.seq, seq(20) + 1);
  EXPECT_EQ(found.from, seq(20)) << "what is missing";
}

TEST_F(BacklogTest, WhatTheStorePlacedIsNoGap) {
  send(40);
  for (const std::size_t index : {0U, 12U, 13U}) place(seq(index) + 1);
  const auto& found = find(seq(4));
  EXPECT_EQ(found.messages.size(), 37u);
  EXPECT_LE(found.from, seq(4));
}

TEST_F(BacklogTest, TheLimitCutsTheOldest) {
  send(500);
  const auto& found = find(kNoSeq, 300);
  EXPECT_EQ(found.messages.size(), 300u);
  EXPECT_EQ(found.messages.front()->id, sent_[200]->id);
  EXPECT_TRUE(found.cut);
}

TEST_F(BacklogTest, TheBeginningOfTheRoomIsTheEnd) {
  send(25);
  const auto& found = find(kNoSeq);
  EXPECT_EQ(found.messages.size(), 25u);
  EXPECT_EQ(found.from, kNoSeq);
  EXPECT_FALSE(found.cut);
}

TEST_F(BacklogTest, WithoutHistoryTheRecentListIsAllThereIs) {
  send(30);
  history_.away = true;
  const auto& found = find(seq(3));
  EXPECT_EQ(found.messages.size(), 10u);
  EXPECT_EQ(found.from, seq(19));
  EXPECT_NE(metrics_.expose().find("stampede_gateway_backlog_failures_total 1"), std::string::npos);
}

TEST_F(BacklogTest, ARoomThatTheDirectoryForgotIsReadFromHistory) {
  send(5);
  clock_.advance(std::chrono::hours(1));
  Member somebody{*parse_room_name("other"), SessionId("s"), UserId("u"), 0};
  directory_.enter({somebody}, Reply<std::vector<Result<Seq>>>(executor_, [](const auto&) {}));
  const auto& found = find(seq(1));
  EXPECT_EQ(found.messages.size(), 3u);
  EXPECT_LE(found.from, seq(1));
  EXPECT_EQ(found.from_history, 3u);
}

TEST_F(BacklogTest, BoundsTheRoomsLookedUpAtOnce) {
  for (int i = 0; i < 200; ++i) {
    backlog_.find({RoomName("room-" + std::to_string(i)), kNoSeq, 10},
                  Reply<Backlog::FoundRef>(executor_, [this](const Backlog::FoundRef& found) {
                    found_.push_back(found);
                  }));
  }
  executor_.run();
  EXPECT_EQ(found_.size(), 200u);
}

}  // namespace
}  // namespace stampede::gateway
