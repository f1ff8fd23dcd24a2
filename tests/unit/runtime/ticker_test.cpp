#include "shared/runtime/ticker.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>

namespace stampede::test {
namespace {

using namespace std::chrono_literals;

TEST(TickerTest, TicksOnItsLoopUntilItIsDestroyed) {
  Loop loop("ticker");
  std::optional<Ticker> ticker;
  std::promise<void> three;
  int ticks = 0;
  ticker.emplace(loop, 1ms, [&] {
    EXPECT_TRUE(loop.is_current());
    if (++ticks == 3) {
      ticker.reset();  // from inside its own function
      three.set_value();
    }
  });
  loop.start();
  ASSERT_EQ(three.get_future().wait_for(5s), std::future_status::ready);
  loop.stop();
  EXPECT_EQ(ticks, 3);
}

}  // namespace
}  // namespace stampede::test
