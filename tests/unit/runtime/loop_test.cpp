#include "shared/runtime/loop.h"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

namespace stampede {
namespace {

using std::chrono::seconds;

TEST(LoopTest, RunsTasksOfOnePosterInOrderOnItsThread) {
  Loop loop("test");
  std::vector<int> seen;
  std::promise<bool> done;
  for (int i = 0; i < 1000; ++i) loop.post([&seen, i] { seen.push_back(i); });
  loop.post([&] { done.set_value(loop.is_current()); });
  EXPECT_FALSE(loop.is_current());
  EXPECT_TRUE(seen.empty());
  loop.start();
  auto result = done.get_future();
  ASSERT_EQ(result.wait_for(seconds(10)), std::future_status::ready);
  EXPECT_TRUE(result.get());
  loop.stop();
  ASSERT_EQ(seen.size(), 1000u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(LoopTest, NeverRunsATaskInsidePost) {
  Loop loop("test");
  std::promise<bool> nested;
  loop.post([&] {
    bool ran = false;
    loop.post([&] { ran = true; });
    nested.set_value(ran);
  });
  loop.start();
  EXPECT_FALSE(nested.get_future().get());
  loop.stop();
}

TEST(LoopTest, AFailingTaskHarmsNoOther) {
  Loop loop("test");
  std::promise<void> done;
  loop.post([] { throw std::runtime_error("expected by this test"); });
  loop.post([&] { done.set_value(); });
  loop.start();
  EXPECT_EQ(done.get_future().wait_for(seconds(10)), std::future_status::ready);
  loop.stop();
}

TEST(LoopTest, DelayedTasksRunInOrderOfTime) {
  Loop loop("test");
  std::promise<std::vector<int>> done;
  std::vector<int> seen;
  loop.post_after(Milliseconds(20), [&] {
    seen.push_back(2);
    done.set_value(seen);
  });
  loop.post_after(Milliseconds(5), [&] { seen.push_back(1); });
  loop.post_after(seconds(3600), [&] { seen.push_back(3); });
  loop.start();
  EXPECT_EQ(done.get_future().get(), (std::vector<int>{1, 2}));
  loop.stop();
}

}  // namespace
}  // namespace stampede
