#include "shared/adapters/rabbitmq/bindings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/support/manual_executor.h"

namespace stampede::rabbitmq {
namespace {

std::vector<BindingKey> rooms(std::initializer_list<const char*> names) {
  std::vector<BindingKey> out;
  for (const char* name : names) out.push_back(binding_of(RoomName(name)));
  return out;
}

class BindingsTest : public testing::Test {
 protected:
  /// Asks for `names`; the answer comes to `answers_` under `label`.
  std::vector<BindingKey> request(const std::string& label,
                                  std::initializer_list<const char*> names, int second = 0) {
    return bindings_.request(rooms(names),
                             Reply<Result<void>>(executor_,
                                                 [this, label](const Result<void>& result) {
                                                   answers_ += label + (result ? "+" : "-");
                                                 }),
                             Clock::Instant(Seconds(second)));
  }
  std::string answers() {
    executor_.run();
    return std::exchange(answers_, {});
  }
  /// A queue with its rooms bound and consumed.
  std::set<BindingKey> come_up() {
    const auto bound = bindings_.queue_up();
    bindings_.barrier_passed();
    return {bound.begin(), bound.end()};
  }
  static std::vector<BindingKey> expire_at(Bindings& bindings, int second) {
    return bindings.expire(Clock::Instant(Seconds(second)), "too late");
  }

  test::ManualExecutor executor_;
  std::string answers_;
  Bindings bindings_;
};

TEST_F(BindingsTest, AnswersWhenTheBarrierHasPassed) {
  come_up();
  EXPECT_EQ(request("a", {"lobby", "hall"}), rooms({"lobby", "hall"}));
  EXPECT_EQ(answers(), "");
  bindings_.barrier_passed();
  EXPECT_EQ(answers(), "a+");
}

TEST_F(BindingsTest, BoundRoomsAreNotBoundAgainAndAnsweredAtOnce) {
  come_up();
  request("a", {"lobby", "lobby"});
  bindings_.barrier_passed();
  EXPECT_TRUE(request("b", {"lobby"}).empty());
  EXPECT_TRUE(request("c", {}).empty());
  EXPECT_EQ(answers(), "a+b+c+");
}

TEST_F(BindingsTest, RoomsOnTheirWayAreWaitedFor) {
  come_up();
  request("a", {"lobby"});
  EXPECT_EQ(request("b", {"lobby", "hall"}), rooms({"hall"}));
  EXPECT_TRUE(request("c", {"lobby"}).empty());
  bindings_.barrier_passed();
  EXPECT_EQ(answers(), "a+");
  bindings_.barrier_passed();
  EXPECT_EQ(answers(), "b+c+");
}

TEST_F(BindingsTest, RequestsWithoutAQueueWaitForOne) {
  EXPECT_TRUE(request("a", {"lobby"}).empty());
  EXPECT_EQ(answers(), "");
  EXPECT_EQ(bindings_.queue_up(), rooms({"lobby"}));
  EXPECT_EQ(answers(), "");
  bindings_.barrier_passed();
  EXPECT_EQ(answers(), "a+");
}

TEST_F(BindingsTest, ANewQueueGetsEveryWantedRoomAndAnswersWhatWasOpen) {
  come_up();
  request("a", {"lobby", "left"});
  bindings_.barrier_passed();
  request("b", {"hall"});
  EXPECT_EQ(bindings_.remove(rooms({"left", "never"})), rooms({"left"}));
  bindings_.queue_down();
  EXPECT_TRUE(request("c", {"lobby"}).empty());
  EXPECT_EQ(answers(), "a+");
  EXPECT_EQ(come_up(),
            (std::set<BindingKey>{binding_of(RoomName("lobby")), binding_of(RoomName("hall"))}));
  EXPECT_EQ(answers(), "b+c+");
}

TEST_F(BindingsTest, RemovedRoomsAreNotUnboundWithoutAQueue) {
  request("a", {"lobby"});
  EXPECT_TRUE(bindings_.remove(rooms({"lobby"})).empty());
  EXPECT_TRUE(bindings_.queue_up().empty());
}

TEST_F(BindingsTest, ForgetsRoomsThatOnlyExpiredRequestsWanted) {
  come_up();
  request("a", {"lobby", "both"}, 1);
  request("b", {"both"}, 5);
  EXPECT_EQ(expire_at(bindings_, 3), rooms({"lobby"}));
  EXPECT_EQ(answers(), "a-");
  bindings_.barrier_passed();
  EXPECT_EQ(answers(), "b+");
  EXPECT_EQ(bindings_.size(), 1U);
}

TEST_F(BindingsTest, KeepsRoomsThatWereBoundBeforeTheExpiredRequest) {
  come_up();
  request("a", {"lobby"}, 1);
  bindings_.barrier_passed();
  bindings_.queue_down();
  request("b", {"lobby"}, 2);
  EXPECT_TRUE(expire_at(bindings_, 3).empty());
  EXPECT_EQ(answers(), "a+b-");
  EXPECT_EQ(come_up(), (std::set<BindingKey>{binding_of(RoomName("lobby"))}));
}

TEST_F(BindingsTest, CancelsWhatIsOpen) {
  request("a", {"lobby"});
  bindings_.cancel_all({Errc::kCancelled, "bye"});
  EXPECT_EQ(answers(), "a-");
}

}  // namespace
}  // namespace stampede::rabbitmq
