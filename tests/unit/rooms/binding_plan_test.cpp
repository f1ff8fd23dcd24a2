#include "gateway/rooms/binding_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

namespace stampede::gateway {
namespace {

/// `count` rooms of one partition.
std::vector<RoomName> rooms_of_partition(std::uint32_t partition, std::size_t count) {
  std::vector<RoomName> out;
  for (std::size_t i = 0; out.size() < count; ++i) {
    RoomName room("room-" + std::to_string(i));
    if (partition_of(room) == partition) out.push_back(std::move(room));
  }
  return out;
}

constexpr std::uint32_t kPartition = 7;
const BindingKey kWhole{kPartition, {}};

class BindingPlanTest : public testing::Test {
 protected:
  void want(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) plan_.want(rooms_[i]);
  }
  void drop(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) plan_.drop(rooms_[i]);
  }
  /// Carries out what is planned until nothing is.
  void settle() {
    for (;;) {
      const auto changes = plan_.take_changes();
      if (changes.bind.empty() && changes.unbind.empty()) return;
      for (const BindingKey& key : changes.unbind) there_.erase(key);
      there_.insert(changes.bind.begin(), changes.bind.end());
      static_cast<void>(plan_.bound(changes.bind));
    }
  }
  [[nodiscard]] std::set<BindingKey> keys(std::size_t from, std::size_t to) const {
    std::set<BindingKey> out;
    for (std::size_t i = from; i < to; ++i) out.insert(binding_of(rooms_[i]));
    return out;
  }

  static std::set<BindingKey> set_of(const std::vector<BindingKey>& keys) {
    return {keys.begin(), keys.end()};
  }

  const std::vector<RoomName> rooms_ = rooms_of_partition(kPartition, 12);
  BindingPlan plan_{4};
  std::set<BindingKey> there_;
};

TEST_F(BindingPlanTest, BindsFewRoomsOneByOne) {
  want(0, 4);
  const auto changes = plan_.take_changes();
  EXPECT_EQ(set_of(changes.bind), keys(0, 4));
  EXPECT_TRUE(changes.unbind.empty());
  EXPECT_EQ(plan_.bound(changes.bind).size(), 4U);
  EXPECT_TRUE(plan_.take_changes().bind.empty()) << "nothing is left to do";
}

TEST_F(BindingPlanTest, ARoomIsHeardOnceItsBindIsAnswered) {
  EXPECT_FALSE(plan_.want(rooms_[0]));
  const auto changes = plan_.take_changes();
  EXPECT_FALSE(plan_.want(rooms_[0]));
  EXPECT_EQ(plan_.bound(changes.bind), std::vector<RoomName>{rooms_[0]});
  EXPECT_TRUE(plan_.want(rooms_[0]));
}

TEST_F(BindingPlanTest, BindsThePartitionForOneRoomTooMany) {
  want(0, 4);
  settle();
  EXPECT_FALSE(plan_.want(rooms_[4]));
  const auto changes = plan_.take_changes();
  EXPECT_EQ(changes.bind, std::vector<BindingKey>{kWhole});
  EXPECT_TRUE(changes.unbind.empty()) << "single rooms stay until the partition is bound";
  EXPECT_EQ(plan_.whole_partitions(), 0U);

  EXPECT_EQ(plan_.bound(changes.bind), std::vector<RoomName>{rooms_[4]});
  EXPECT_EQ(plan_.whole_partitions(), 1U);
  const auto after = plan_.take_changes();
  EXPECT_EQ(set_of(after.unbind), keys(0, 4));
  EXPECT_TRUE(after.bind.empty());
  EXPECT_TRUE(plan_.want(rooms_[5])) << "every other room is heard already";
  EXPECT_TRUE(plan_.take_changes().bind.empty());
}

TEST_F(BindingPlanTest, ABurstOfRoomsAsksForThePartitionOnly) {
  want(0, 12);
  const auto changes = plan_.take_changes();
  EXPECT_EQ(changes.bind, std::vector<BindingKey>{kWhole});
  EXPECT_EQ(plan_.bound(changes.bind).size(), 12U);
}

TEST_F(BindingPlanTest, GoesBackAtHalfTheNumberAndUnbindsThePartitionLast) {
  want(0, 6);
  settle();
  drop(3, 6);
  EXPECT_TRUE(plan_.take_changes().bind.empty()) << "3 rooms are more than half of 4";
  drop(2, 3);
  const auto changes = plan_.take_changes();
  EXPECT_EQ(set_of(changes.bind), keys(0, 2));
  EXPECT_TRUE(changes.unbind.empty());
  EXPECT_TRUE(plan_.bound(changes.bind).empty()) << "they were heard all the time";
  const auto after = plan_.take_changes();
  EXPECT_EQ(after.unbind, std::vector<BindingKey>{kWhole});
  EXPECT_TRUE(after.bind.empty());
  EXPECT_EQ(plan_.whole_partitions(), 0U);
}

TEST_F(BindingPlanTest, RoomsThatComeWhileItGoesBackAreBoundBeforeThePartitionIsLet) {
  want(0, 6);
  settle();
  drop(2, 6);
  const auto first = plan_.take_changes();
  EXPECT_TRUE(plan_.want(rooms_[8]));
  const auto second = plan_.take_changes();
  EXPECT_EQ(second.bind, std::vector<BindingKey>{binding_of(rooms_[8])});
  static_cast<void>(plan_.bound(first.bind));
  EXPECT_TRUE(plan_.take_changes().unbind.empty());
  static_cast<void>(plan_.bound(second.bind));
  EXPECT_EQ(plan_.take_changes().unbind, std::vector<BindingKey>{kWhole});
}

TEST_F(BindingPlanTest, GivesUpGoingBackWhenRoomsAreTooManyAgain) {
  want(0, 6);
  settle();
  drop(2, 6);
  const auto back = plan_.take_changes();
  want(6, 10);
  EXPECT_TRUE(plan_.take_changes().bind.empty());
  static_cast<void>(plan_.bound(back.bind));
  EXPECT_EQ(set_of(plan_.take_changes().unbind), keys(0, 2));
  EXPECT_EQ(plan_.whole_partitions(), 1U);
}

TEST_F(BindingPlanTest, UnbindsWhatIsDropped) {
  want(0, 3);
  settle();
  drop(1, 2);
  drop(9, 10);
  const auto changes = plan_.take_changes();
  EXPECT_EQ(changes.unbind, std::vector<BindingKey>{binding_of(rooms_[1])});
  EXPECT_EQ(plan_.wanted(), 2U);
}

TEST_F(BindingPlanTest, ARoomDroppedBeforeItsBindIsAnsweredIsUnboundAfterwards) {
  want(0, 1);
  const auto changes = plan_.take_changes();
  drop(0, 1);
  EXPECT_TRUE(plan_.take_changes().unbind.empty());
  EXPECT_TRUE(plan_.bound(changes.bind).empty());
  EXPECT_EQ(set_of(plan_.take_changes().unbind), keys(0, 1));
}

TEST_F(BindingPlanTest, TheLastRoomOfAPartitionTakesItsBindingAlong) {
  want(0, 6);
  settle();
  drop(0, 6);
  const auto changes = plan_.take_changes();
  EXPECT_EQ(changes.unbind, std::vector<BindingKey>{kWhole});
  EXPECT_TRUE(changes.bind.empty());
}

TEST_F(BindingPlanTest, AFailedBindFailsItsRoomsOnly) {
  want(0, 2);
  settle();
  want(2, 4);
  const auto changes = plan_.take_changes();
  EXPECT_EQ(plan_.failed(changes.bind).size(), 2U);
  EXPECT_EQ(plan_.wanted(), 2U);
  EXPECT_TRUE(plan_.want(rooms_[0]));
  EXPECT_FALSE(plan_.want(rooms_[2])) << "it may be asked for again";
  EXPECT_EQ(plan_.take_changes().bind, std::vector<BindingKey>{binding_of(rooms_[2])});
}

TEST_F(BindingPlanTest, APartitionThatCannotBeBoundFailsTheRoomsThatWaitedForIt) {
  want(0, 3);
  settle();
  want(3, 6);
  const auto changes = plan_.take_changes();
  EXPECT_EQ(plan_.failed(changes.bind).size(), 3U);
  EXPECT_EQ(plan_.wanted(), 3U);
  EXPECT_TRUE(plan_.want(rooms_[0])) << "its own binding is still there";
  EXPECT_FALSE(plan_.want(rooms_[4]));
  EXPECT_EQ(plan_.take_changes().bind, std::vector<BindingKey>{binding_of(rooms_[4])});
}

TEST_F(BindingPlanTest, ARoomThatCannotBeBoundKeepsThePartition) {
  want(0, 6);
  settle();
  drop(2, 6);
  const auto back = plan_.take_changes();
  EXPECT_TRUE(plan_.failed(back.bind).empty());
  EXPECT_TRUE(plan_.want(rooms_[0])) << "the partition is still bound";
  EXPECT_EQ(plan_.whole_partitions(), 1U);
  plan_.want(rooms_[2]);
  EXPECT_EQ(set_of(plan_.take_changes().bind), keys(0, 3)) << "the next change tries again";
}

TEST(BindingPlanOfNoneTest, BindsPartitionsOnly) {
  BindingPlan plan(0);
  plan.want(RoomName("lobby"));
  const auto changes = plan.take_changes();
  EXPECT_EQ(changes.bind, (std::vector<BindingKey>{{partition_of(RoomName("lobby")), {}}}));
  static_cast<void>(plan.bound(changes.bind));
  plan.drop(RoomName("lobby"));
  EXPECT_EQ(plan.take_changes().unbind, changes.bind);
}

/// A bus that answers when it likes, in order, and now and then with a failure; it checks after
/// every step that no heard room has lost its binding and that there are not too many.
class RandomBus {
 public:
  explicit RandomBus(unsigned seed) : random_(seed) {}

  void step() {
    switch (pick(4)) {
      case 0: want(); break;
      case 1: drop(); break;
      case 2: send(); break;
      default: answer(pick(10) == 0); break;
    }
    check();
  }
  void settle() {
    do {
      send();
      while (!asked_.empty()) answer(false);
      send();
    } while (!asked_.empty());
    for (const RoomName& room : wanted_) ASSERT_TRUE(heard_.contains(room)) << room.str();
    check();
  }

 private:
  static constexpr std::size_t kMost = 4;

  std::size_t pick(std::size_t below) { return random_() % below; }
  const RoomName& any() { return rooms_[pick(rooms_.size())]; }

  void want() {
    const RoomName& room = any();
    wanted_.insert(room);
    if (plan_.want(room)) heard_.insert(room);
  }
  void drop() {
    const RoomName& room = any();
    if (!heard_.contains(room)) return;  // the dispatcher, too, waits for the bind
    wanted_.erase(room);
    heard_.erase(room);
    plan_.drop(room);
  }
  void send() {
    const auto changes = plan_.take_changes();
    for (const BindingKey& key : changes.bind) {
      ASSERT_TRUE(there_.emplace(key, false).second) << "bound twice";
    }
    for (const BindingKey& key : changes.unbind) {
      ASSERT_TRUE(there_.at(key)) << "unbound before its bind was answered";
      there_.erase(key);
    }
    if (!changes.bind.empty()) asked_.push_back(changes.bind);
  }
  void answer(bool fail) {
    if (asked_.empty()) return;
    const auto keys = asked_.front();
    asked_.erase(asked_.begin());
    for (const BindingKey& key : keys) {
      if (fail) {
        there_.erase(key);
      } else {
        there_.at(key) = true;
      }
    }
    for (const RoomName& room : fail ? plan_.failed(keys) : plan_.bound(keys)) {
      ASSERT_FALSE(heard_.contains(room));
      if (fail) {
        wanted_.erase(room);
      } else {
        heard_.insert(room);
      }
    }
  }
  [[nodiscard]] bool is_there(const BindingKey& key) const {
    const auto found = there_.find(key);
    return found != there_.end() && found->second;
  }
  void check() {
    for (const RoomName& room : heard_) {
      ASSERT_TRUE(is_there(binding_of(room)) || is_there({partition_of(room), {}})) << room.str();
    }
    std::map<std::uint32_t, std::size_t> bindings;
    for (const auto& [key, bound] : there_) {
      if (!key.whole_partition()) ++bindings[key.partition];
    }
    for (const auto& [partition, count] : bindings) ASSERT_LE(count, kMost);
    ASSERT_EQ(plan_.wanted(), wanted_.size());
  }

  std::mt19937 random_;
  const std::vector<RoomName> rooms_ = [] {
    auto out = rooms_of_partition(7, 10);
    for (RoomName& room : rooms_of_partition(200, 6)) out.push_back(std::move(room));
    return out;
  }();
  BindingPlan plan_{kMost};
  std::set<RoomName> wanted_;
  std::set<RoomName> heard_;
  std::map<BindingKey, bool> there_;  ///< whether the bind is answered
  std::vector<std::vector<BindingKey>> asked_;
};

TEST(BindingPlanRandomTest, NeverLeavesAHeardRoomUnboundNorBindsTooMany) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomBus bus(seed);
    for (int step = 0; step < 400; ++step) {
      bus.step();
      if (testing::Test::HasFatalFailure()) return;
    }
    bus.settle();
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace stampede::gateway
