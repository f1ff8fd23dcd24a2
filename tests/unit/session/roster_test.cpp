#include "gateway/session/roster.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

#include "tests/support/manual_executor.h"

namespace stampede::gateway {
namespace {

class RosterTest : public testing::Test {
 protected:
  struct Guest final : Roster::Entry {
    void on_review() override {
      ++reviews;
      if (then) then();
    }
    int reviews = 0;
    std::function<void()> then;
  };

  void admit(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      guests_.push_back(std::make_unique<Guest>());
      roster_.enter(*guests_.back());
    }
  }

  test::ManualExecutor executor_;
  Roster roster_{executor_};
  std::vector<std::unique_ptr<Guest>> guests_;
};

TEST_F(RosterTest, EverybodyIsReviewedOnceOverSeveralTurns) {
  admit(1200);
  roster_.review_all();
  EXPECT_EQ(guests_.back()->reviews, 0) << "never inside the call";
  EXPECT_EQ(executor_.run(), 3u);
  for (const auto& guest : guests_) EXPECT_EQ(guest->reviews, 1);
}

TEST_F(RosterTest, WhoLeavesDuringTheWalkMakesNobodyMissIt) {
  admit(1200);
  // Every third one leaves when it is asked.
  for (std::size_t i = 0; i < guests_.size(); i += 3) {
    guests_[i]->then = [this, i] { roster_.leave(*guests_[i]); };
  }
  roster_.review_all();
  executor_.run();
  for (const auto& guest : guests_) EXPECT_EQ(guest->reviews, 1);
}

TEST_F(RosterTest, WhoLeavesBetweenTurnsMakesNobodyMissIt) {
  admit(1200);
  roster_.review_all();
  // Runs behind the first turn: some of those not asked yet leave, and others come.
  executor_.post([this] {
    for (std::size_t i = 0; i < 100; ++i) roster_.leave(*guests_[i]);
    for (std::size_t i = 1100; i < 1200; ++i) roster_.leave(*guests_[i]);
    admit(50);
  });
  executor_.run();
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(guests_[i]->reviews, 0);
  for (std::size_t i = 100; i < 1200; ++i) EXPECT_GE(guests_[i]->reviews, 1) << i;
}

TEST_F(RosterTest, NewsDuringAWalkBeginsItAnew) {
  admit(700);
  roster_.review_all();
  executor_.post([this] { roster_.review_all(); });
  executor_.run();
  EXPECT_EQ(guests_.front()->reviews, 1);
  EXPECT_EQ(guests_.back()->reviews, 2);
}

}  // namespace
}  // namespace stampede::gateway
