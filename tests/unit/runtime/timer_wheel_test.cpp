#include "shared/runtime/timer_wheel.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>

#include "tests/support/fake_clock.h"

namespace stampede::test {
namespace {

using namespace std::chrono_literals;

struct TimerWheelTest : ::testing::Test {
  void pass(Milliseconds time) {
    for (Milliseconds passed{0}; passed < time; passed += 10ms) {
      clock.advance(10ms);
      wheel.advance();
    }
  }

  FakeClock clock;
  TimerWheel wheel{clock, 100ms};
};

TEST_F(TimerWheelTest, FiresOnceNeverEarlyAndAtMostATickLate) {
  for (const Milliseconds after : {1ms, 50ms, 100ms, 101ms, 999ms, 5000ms}) {
    clock.advance(37ms);
    wheel.advance();
    int fired = 0;
    const auto armed_at = clock.now();
    Clock::Instant fired_at{};
    TimerWheel::Timer timer(wheel, [&] {
      ++fired;
      fired_at = clock.now();
    });
    timer.arm(after);
    EXPECT_TRUE(timer.armed());
    pass(after + 1000ms);
    EXPECT_EQ(fired, 1);
    EXPECT_FALSE(timer.armed());
    EXPECT_GE(fired_at - armed_at, after);
    EXPECT_LE(fired_at - armed_at, after + 110ms);
  }
}

TEST_F(TimerWheelTest, IsNotEarlyWhenArmedLongAfterTheLastAdvance) {
  int fired = 0;
  TimerWheel::Timer timer(wheel, [&] { ++fired; });
  clock.advance(3s);  // a turn of the loop that took too long
  timer.arm(1s);
  clock.advance(900ms);
  wheel.advance();
  EXPECT_EQ(fired, 0);
  clock.advance(200ms);
  wheel.advance();
  EXPECT_EQ(fired, 1);
}

TEST_F(TimerWheelTest, CancelAndDestructionKeepItFromFiring) {
  int fired = 0;
  TimerWheel::Timer cancelled(wheel, [&] { ++fired; });
  cancelled.arm(100ms);
  cancelled.cancel();
  cancelled.cancel();
  std::make_unique<TimerWheel::Timer>(wheel, [&] { ++fired; })->arm(100ms);
  pass(1s);
  EXPECT_EQ(fired, 0);
}

TEST_F(TimerWheelTest, ArmingAgainReplacesTheDeadline) {
  int fired = 0;
  TimerWheel::Timer timer(wheel, [&] { ++fired; });
  timer.arm(200ms);
  pass(100ms);
  timer.arm(1s);
  pass(900ms);
  EXPECT_EQ(fired, 0);
  pass(300ms);
  EXPECT_EQ(fired, 1);
}

TEST_F(TimerWheelTest, KeepsTimersThatAreLongerThanATurnOfTheWheel) {
  int fired = 0;
  TimerWheel::Timer timer(wheel, [&] { ++fired; });
  timer.arm(75s);
  pass(74'900ms);
  EXPECT_EQ(fired, 0);
  pass(300ms);
  EXPECT_EQ(fired, 1);
}

TEST_F(TimerWheelTest, FiresEverythingAfterAStallOfSeveralTurns) {
  std::vector<std::unique_ptr<TimerWheel::Timer>> timers;
  int fired = 0;
  for (int i = 0; i < 1000; ++i) {
    timers.push_back(std::make_unique<TimerWheel::Timer>(wheel, [&] { ++fired; }));
    timers.back()->arm(Milliseconds(i * 100));
  }
  clock.advance(300s);
  wheel.advance();
  EXPECT_EQ(fired, 1000);
}

TEST_F(TimerWheelTest, ACallbackMayArmItsOwnTimer) {
  int fired = 0;
  std::optional<TimerWheel::Timer> timer;
  timer.emplace(wheel, [&] {
    if (++fired < 5) timer->arm(100ms);
  });
  timer->arm(100ms);
  pass(2s);
  EXPECT_EQ(fired, 5);
}

TEST_F(TimerWheelTest, ACallbackMayCancelAndDestroyOthersThatAreDueToo) {
  int fired = 0;
  std::optional<TimerWheel::Timer> timers[3];
  // All are due at once; whichever runs first ends the other two.
  for (int me = 0; me < 3; ++me) {
    timers[me].emplace(wheel, [&, me] {
      ++fired;
      timers[(me + 1) % 3].reset();
      timers[(me + 2) % 3]->cancel();
    });
    timers[me]->arm(100ms);
  }
  pass(2s);
  EXPECT_EQ(fired, 1);
}

TEST_F(TimerWheelTest, TenThousandRandomTimersAllKeepTheirTime) {
  std::mt19937 random(99);
  struct Case {
    std::optional<TimerWheel::Timer> timer;
    Clock::Instant due;
  };
  std::vector<Case> cases(10'000);
  int fired = 0;
  for (Case& c : cases) {
    c.timer.emplace(wheel, [&] {
      ++fired;
      EXPECT_GE(clock.now(), c.due);
      EXPECT_LE(clock.now(), c.due + 110ms);
    });
    const Milliseconds after(random() % 120'000);
    c.due = clock.now() + after;
    c.timer->arm(after);
    if (random() % 100 == 0) pass(10ms);
  }
  pass(125s);
  EXPECT_EQ(fired, 10'000);
}

}  // namespace
}  // namespace stampede::test
