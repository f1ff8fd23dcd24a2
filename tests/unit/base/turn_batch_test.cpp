#include "shared/base/turn_batch.h"

#include <gtest/gtest.h>

#include "tests/support/manual_executor.h"

namespace stampede {
namespace {

class TurnBatchTest : public testing::Test {
 protected:
  void take(std::vector<std::size_t> batch) { batches_.push_back(std::move(batch)); }
  [[nodiscard]] TurnBatch<std::size_t>::Flush into() {
    return [this](std::vector<std::size_t> batch) { take(std::move(batch)); };
  }
  [[nodiscard]] static std::size_t own_size(const std::size_t& item) { return item; }

  test::ManualExecutor executor_;
  std::vector<std::vector<std::size_t>> batches_;
};

using Batches = std::vector<std::vector<std::size_t>>;

TEST_F(TurnBatchTest, ATurnIsOneBatch) {
  TurnBatch<std::size_t> turn(executor_, into());
  for (const std::size_t item : {1U, 2U, 3U}) turn.add(item);
  EXPECT_TRUE(batches_.empty());
  executor_.run();
  turn.add(4);
  executor_.run();
  EXPECT_EQ(batches_, (Batches{{1, 2, 3}, {4}}));
}

TEST_F(TurnBatchTest, WhatGoesBeyondTheBoundHasItsTurnAfterOthers) {
  TurnBatch<std::size_t> turn(executor_, into(), {10, own_size});
  std::size_t when_others_ran = 0;
  for (const std::size_t item : {4U, 6U, 5U, 30U, 1U, 2U}) turn.add(item);
  executor_.post([&] { when_others_ran = batches_.size(); });
  executor_.run();
  EXPECT_EQ(batches_, (Batches{{4, 6}, {5}, {30}, {1, 2}}));
  EXPECT_EQ(when_others_ran, 1u);
}

TEST_F(TurnBatchTest, WhatIsAddedMeanwhileComesBehind) {
  TurnBatch<std::size_t> turn(executor_, into(), {2, [](const std::size_t&) { return 1UL; }});
  for (const std::size_t item : {1U, 2U, 3U}) turn.add(item);
  executor_.post([&] { turn.add(4); });
  executor_.post([&] { turn.add(5); });
  executor_.run();
  EXPECT_EQ(batches_, (Batches{{1, 2}, {3, 4}, {5}}));
}

}  // namespace
}  // namespace stampede
