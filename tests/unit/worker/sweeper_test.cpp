#include "storage-worker/sweeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "shared/adapters/memory/memory.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_feed.h"
#include "tests/support/manual_executor.h"

namespace stampede::worker {
namespace {

const RoomName kRoom("lobby");

/// Answers from a set of positions per room, as the database does.
class FakeChains final : public StoredChains {
 public:
  void inspect(std::vector<Stretch> stretches,
               Reply<Result<std::vector<StoredChain>>> found) override {
    ++inspected;
    if (away) return found(Error(Errc::kUnavailable, "the store is away"));
    std::vector<StoredChain> out;
    for (const Stretch& stretch : stretches) {
      if (Microseconds(stretch.until - stretch.after) > too_long) {
        return found(Error(Errc::kUnavailable, "the statement took too long"));
      }
      out.push_back(chain_of(stretch));
    }
    found(std::move(out));
  }
  void hold_lease(std::string, std::string who, Milliseconds, Reply<Result<bool>> held) override {
    held(who == holder);
  }

  std::map<RoomName, std::map<Seq, Position>> stored;
  std::string holder = "worker.1";
  bool away = false;
  Microseconds too_long = Microseconds::max();  ///< stretch to look through
  int inspected = 0;

 private:
  StoredChain chain_of(const Stretch& stretch) {
    StoredChain out;
    Seq before = stretch.after;
    const auto& all = stored[stretch.room];
    for (auto at = all.upper_bound(stretch.after); at != all.end() && at->first <= stretch.until;
         ++at) {
      const Position position = at->second;
      if (position.prev > before && !all.contains(position.prev) && out.hole.room.empty()) {
        out.hole = {stretch.room, before, position.prev};
      }
      before = out.last = position.seq;
    }
    return out;
  }
};

class SweeperTest : public testing::Test {
 protected:
  SweeperTest() {
    enter(kRoom);
    sweeper_.start();
  }

  /// Gets a place in the room; stored if its gateway lives long enough.
  MessageRef sent(bool stored, const RoomName& room = kRoom) {
    clock_.advance(Milliseconds(1));
    Message message;
    message.id = new_message_id();
    message.room = room;
    const auto unplaced = std::make_shared<const Message>(message);
    MessageRef placed;
    gateway_.sequence({{unplaced, kNoSeq}},
                      Reply<std::vector<Result<Sequenced>>>(executor_, [&](const auto& places) {
                        placed = with_position(*unplaced, places[0]->position);
                      }));
    executor_.run();
    if (stored) store(placed);
    return placed;
  }
  void store(const MessageRef& message) {
    chains_.stored[message->room][message->position.seq] = message->position;
  }
  void enter(const RoomName& room) {
    gateway_.enter({Member{room, SessionId("s"), UserId("ann"), 0}},
                   Reply<std::vector<Result<Seq>>>(executor_, [](const auto&) {}));
    executor_.run();
  }
  void pass(Milliseconds time) {
    clock_.advance(time);
    executor_.advance(time);
  }
  /// What was given to the feed since the last call, confirmed and stored.
  std::vector<Seq> swept() {
    std::vector<Seq> out;
    for (const auto& append : feed_.appends) {
      for (const MessageRef& message : append.batch) {
        out.push_back(message->position.seq);
        store(message);
      }
    }
    feed_.answer_all();
    executor_.run();
    return out;
  }
  double counted(const std::string& name) const {
    const std::string text = metrics_.expose();
    const std::size_t at = text.find("\n" + name + " ");
    return std::stod(text.substr(at + name.size() + 2));
  }

  test::FakeClock clock_;
  test::ManualExecutor executor_;
  Metrics metrics_;
  memory::MemoryRooms rooms_{{}, clock_};
  memory::MemoryDirectory gateway_{rooms_};
  memory::MemoryDirectory directory_{rooms_};
  test::FakeFeed feed_;
  FakeChains chains_;
  Sweeper sweeper_{{}, {directory_, chains_, feed_, executor_, clock_}, "worker.1", metrics_};
};

TEST_F(SweeperTest, GivesStorageWhatStandsInTheMiddleAndWasNeverStored) {
  sent(true);
  const Seq first = sent(false)->position.seq;
  const Seq second = sent(false)->position.seq;
  sent(true);
  pass(Seconds(15));
  EXPECT_EQ(swept(), (std::vector<Seq>{first, second}));
  pass(Seconds(30));
  EXPECT_TRUE(swept().empty()) << "it is stored now";
  EXPECT_EQ(counted("stampede_worker_swept_total"), 2);
}

TEST_F(SweeperTest, GivesStorageTheLastMessageToo) {
  sent(true);
  const Seq last = sent(false)->position.seq;
  pass(Seconds(15));
  EXPECT_EQ(swept(), std::vector<Seq>{last});
}

TEST_F(SweeperTest, WhatIsYoungMayStillBeOnItsWay) {
  sent(true);
  sent(false);
  sent(true);
  pass(Seconds(9));
  EXPECT_TRUE(swept().empty());
  // A room that goes on is looked at up to what is old.
  for (int i = 0; i < 20; ++i) {
    sent(true);
    pass(Seconds(1));
  }
  EXPECT_EQ(swept().size(), 1u);
}

TEST_F(SweeperTest, AWholeRoomCostsNothingMoreUntilItGoesOn) {
  sent(true);
  pass(Seconds(15));
  const int inspected = chains_.inspected;
  EXPECT_GT(inspected, 0);
  pass(Seconds(60));
  EXPECT_EQ(chains_.inspected, inspected);
}

TEST_F(SweeperTest, OnlyTheHolderOfTheLeaseLooks) {
  chains_.holder = "another";
  sent(false);
  pass(Seconds(30));
  EXPECT_EQ(chains_.inspected, 0);
  chains_.holder = "worker.1";
  pass(Seconds(10));
  EXPECT_EQ(swept().size(), 1u);
}

TEST_F(SweeperTest, AStoreThatIsAwayIsAskedAgainLater) {
  chains_.away = true;
  sent(false);
  pass(Seconds(20));
  EXPECT_GT(counted("stampede_worker_sweep_failures_total"), 0);
  chains_.away = false;
  pass(Seconds(10));
  EXPECT_EQ(swept().size(), 1u);
}

TEST_F(SweeperTest, AWorkerThatGetsTheLeaseBackBeginsAnew) {
  sent(true);
  pass(Seconds(15));
  chains_.holder = "worker.2";
  for (int hour = 0; hour < 48; ++hour) {
    sent(true);
    pass(std::chrono::hours(1));
  }
  chains_.too_long = std::chrono::minutes(11);
  chains_.holder = "worker.1";
  sent(false);
  pass(Seconds(20));
  EXPECT_EQ(swept().size(), 1u);
  EXPECT_EQ(counted("stampede_worker_sweep_failures_total"), 0);
}

TEST_F(SweeperTest, AStretchThatIsTooLongForTheStoreIsShortened) {
  sent(true);
  pass(Seconds(15));
  chains_.away = true;
  chains_.too_long = std::chrono::hours(1);
  pass(std::chrono::hours(2));
  chains_.away = false;
  sent(false);
  pass(Seconds(20));
  EXPECT_EQ(swept().size(), 1u);
}

TEST_F(SweeperTest, ALookReadsPageAfterPageUpToItsBound) {
  Sweeper sweeper({Seconds(5), Seconds(10), 2, 3, 1'000},
                  {directory_, chains_, feed_, executor_, clock_}, "worker.2", metrics_);
  chains_.holder = "worker.2";
  for (int i = 0; i < 7; ++i) {
    const RoomName room("room-" + std::to_string(i));
    enter(room);
    sent(false, room);
  }
  const auto swept_in_one_look = [this] {
    std::size_t all = 0;
    for (int i = 0; i < 8; ++i) all += swept().size();
    return all;
  };
  clock_.advance(Seconds(15));
  sweeper.start();
  pass(Seconds(5));
  EXPECT_EQ(swept_in_one_look(), 5u) << "three pages of two, one of them the lobby";
  pass(Seconds(5));
  EXPECT_EQ(swept_in_one_look(), 2u);
}

TEST_F(SweeperTest, ABacklogOfTheStorageQueueIsNoLoss) {
  sent(true);
  const MessageRef late = sent(false);
  int appends = 0;
  for (int i = 0; i < 60; ++i) {
    pass(Seconds(5));
    appends += static_cast<int>(feed_.appends.size());
    feed_.answer_all();
    executor_.run();
  }
  EXPECT_LE(appends, 3) << "the queue is long enough";
  EXPECT_EQ(counted("stampede_worker_sweep_lost_total"), 0);
  EXPECT_EQ(counted("stampede_worker_swept_total"), 0) << "it is not stored yet";
  store(late);
  pass(Seconds(60));
  EXPECT_EQ(counted("stampede_worker_sweep_lost_total"), 0);
  EXPECT_EQ(counted("stampede_worker_swept_total"), 1);
}

TEST_F(SweeperTest, WhatStorageRefusesIsGivenUpAndCountedAfterTenMinutes) {
  sent(true);
  sent(false);
  int appends = 0;
  for (int i = 0; i < 140; ++i) {
    EXPECT_TRUE(i > 110 || counted("stampede_worker_sweep_lost_total") == 0);
    pass(Seconds(5));
    appends += static_cast<int>(feed_.appends.size());
    feed_.answer_all();  // confirmed, but the store never takes it
    executor_.run();
  }
  EXPECT_EQ(appends, 3);
  EXPECT_EQ(counted("stampede_worker_sweep_lost_total"), 1);
  EXPECT_EQ(counted("stampede_worker_swept_total"), 0);
}

TEST_F(SweeperTest, WhatStorageRefusesHoldsNothingUp) {
  sent(false);
  pass(Seconds(15));
  feed_.answer_all();
  executor_.run();
  sent(true);
  const Seq behind = sent(false)->position.seq;
  sent(true);
  pass(Seconds(20));
  EXPECT_EQ(swept(), std::vector<Seq>{behind});
}

TEST_F(SweeperTest, AMessageThatTheFeedNeverConfirmsHoldsNothingUp) {
  const RoomName first("a room before it");
  const RoomName last("the room behind it");
  for (const RoomName& room : {first, last}) enter(room);
  const auto refuse = [this] {
    feed_.answer_all(Error(Errc::kUnavailable, "not confirmed in time"));
    executor_.run();
  };
  sent(false);
  pass(Seconds(15));
  refuse();
  const Seq before = sent(false, first)->position.seq;
  const Seq behind = sent(false, last)->position.seq;
  const Seq later = sent(false)->position.seq;
  sent(true);
  pass(Seconds(15));
  std::vector<Seq> mended;
  for (int i = 0; i < 20; ++i) {
    // The first is never confirmed, the others are.
    if (!feed_.appends.empty() && feed_.appends[0].batch[0]->position.prev == kNoSeq &&
        feed_.appends[0].batch[0]->room == kRoom) {
      refuse();
    } else {
      for (const Seq seq : swept()) mended.push_back(seq);
    }
    if (i >= 10) pass(Seconds(5));
  }
  EXPECT_THAT(mended, testing::UnorderedElementsAre(before, behind, later));
  EXPECT_EQ(counted("stampede_worker_sweep_lost_total"), 0);
}

TEST_F(SweeperTest, AFeedThatIsAwayIsTriedForAsLongAsItTakes) {
  sent(true);
  sent(false);
  for (int i = 0; i < 10; ++i) {
    pass(Seconds(5));
    feed_.answer_all(Error(Errc::kUnavailable, "the broker is away"));
    executor_.run();
  }
  EXPECT_EQ(counted("stampede_worker_sweep_lost_total"), 0);
  pass(Seconds(5));
  EXPECT_EQ(swept().size(), 1u);
}

TEST_F(SweeperTest, AHoleThatIsLargerThanOneLookIsFilledBitByBit) {
  Sweeper slow({Seconds(5), Seconds(10), 500, 20, 2},
               {directory_, chains_, feed_, executor_, clock_}, "worker.2", metrics_);
  sent(true);
  for (int i = 0; i < 10; ++i) sent(false);
  sent(true);
  std::size_t all = 0;
  chains_.holder = "worker.2";
  slow.start();
  for (int i = 0; i < 20; ++i) {
    pass(Seconds(5));
    const std::size_t now = swept().size();
    EXPECT_LE(now, 2u);
    all += now;
  }
  EXPECT_EQ(all, 10u);
}

TEST_F(SweeperTest, WhatTheRecentListDoesNotHaveAnyMoreIsCountedOnce) {
  sent(true);
  sent(false);
  for (int i = 0; i < 1'200; ++i) sent(true);  // it keeps 1000
  pass(Seconds(60));
  EXPECT_TRUE(swept().empty());
  EXPECT_EQ(counted("stampede_worker_sweep_lost_total"), 1);
}

}  // namespace
}  // namespace stampede::worker
