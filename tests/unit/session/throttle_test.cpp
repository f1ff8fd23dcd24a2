#include "gateway/session/throttle.h"

#include <gmock/gmock.h>

#include "tests/support/fake_clock.h"

namespace stampede::gateway {
namespace {

using testing::HasSubstr;
using Verdict = Throttle::Verdict;

class ThrottleTest : public testing::Test {
 protected:
  std::unique_ptr<Throttle> make(std::shared_ptr<TokenBucket> user = nullptr) {
    return std::make_unique<Throttle>(limits_, clock_, wheel_, limit_metrics_, std::move(user),
                                      [this] { ++woken_; });
  }
  void pass(Milliseconds time) {
    for (Milliseconds done{0}; done < time; done += wheel_.tick()) {
      clock_.advance(wheel_.tick());
      wheel_.advance();
    }
  }
  /// How many frames go through at once.
  static int burst(Throttle& throttle) {
    int frames = 0;
    while (throttle.ask() == Verdict::kGo) ++frames;
    return frames;
  }
  double slowed(const char* by) {
    return metrics_.counter("stampede_gateway_slowed_total", "", {{"limit", by}}).value();
  }
  double hits(const char* limit) {
    return metrics_.counter("stampede_gateway_limit_hits_total", "", {{"limit", limit}}).value();
  }

  test::FakeClock clock_;
  TimerWheel wheel_{clock_};
  Metrics metrics_;
  LimitMetrics limit_metrics_{metrics_};
  RateLimits limits_{{10, Milliseconds(1000)}, {}, Milliseconds(5000)};
  int woken_ = 0;
};

TEST_F(ThrottleTest, ABurstGoesThroughAndTheNextFrameWaits) {
  const auto throttle = make();
  EXPECT_EQ(burst(*throttle), 10);
  EXPECT_EQ(throttle->ask(), Verdict::kWait) << "the same frame, asked again";
  EXPECT_EQ(slowed("session_rate"), 1);
  pass(Milliseconds(200));
  EXPECT_EQ(woken_, 1);
  EXPECT_EQ(throttle->ask(), Verdict::kGo);
}

TEST_F(ThrottleTest, KeepsTheRateOverTimeThoughItsTimerIsCoarse) {
  limits_.session = {100, Milliseconds(1000)};
  limits_.patience = Milliseconds(1'000'000);
  const auto throttle = make();
  int frames = burst(*throttle);
  for (int i = 0; i < 200; ++i) {
    pass(wheel_.tick());
    frames += burst(*throttle);
  }
  EXPECT_NEAR(frames, 100 + 20 * 100, 12) << "a burst, then the rate for 20 s";
}

TEST_F(ThrottleTest, RefusesWhoGoesOnWithoutAPause) {
  const auto throttle = make();
  Milliseconds passed{0};
  Verdict verdict = Verdict::kGo;
  while (verdict != Verdict::kRefuse && passed < Milliseconds(60'000)) {
    EXPECT_EQ(hits("session_rate"), 0);
    do verdict = throttle->ask();
    while (verdict == Verdict::kGo);
    pass(wheel_.tick());
    passed += wheel_.tick();
  }
  EXPECT_EQ(verdict, Verdict::kRefuse);
  EXPECT_GT(passed, limits_.patience);
  EXPECT_LT(passed, limits_.patience + Milliseconds(500));
  EXPECT_EQ(hits("session_rate"), 1);
  EXPECT_THAT(throttle->refusal(), HasSubstr("a session may send 10 SEND and SUBSCRIBE frames a "
                                             "second, 10 at once"));
  EXPECT_THAT(throttle->refusal(), HasSubstr("over that for 5000 ms"));
}

TEST_F(ThrottleTest, APauseEarnsNewPatience) {
  const auto throttle = make();
  for (int i = 0; i < 10; ++i) {
    EXPECT_GE(burst(*throttle), 9) << "one may have waited and be paid for";
    pass(Milliseconds(1200));
  }
  EXPECT_EQ(slowed("session_rate"), 10);
  EXPECT_EQ(hits("session_rate"), 0);
}

TEST_F(ThrottleTest, TheSessionsOfAUserShareABucket) {
  limits_ = {{}, {10, Milliseconds(1000)}, Milliseconds(5000)};
  const auto bucket = std::make_shared<TokenBucket>();
  const auto one = make(bucket);
  const auto other = make(bucket);
  EXPECT_EQ(burst(*one), 10);
  EXPECT_EQ(burst(*other), 0);
  EXPECT_EQ(slowed("user_rate"), 2);
  EXPECT_EQ(slowed("session_rate"), 0);
  EXPECT_THAT(one->refusal(), HasSubstr("the sessions of a user together may send 10"));
}

TEST_F(ThrottleTest, WithoutRatesEverythingGoes) {
  limits_ = {};
  limits_.session.per_second = 0;
  const auto throttle = make();
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(throttle->ask(), Verdict::kGo);
}

TEST_F(ThrottleTest, AStoppedOneWakesNobody) {
  const auto throttle = make();
  burst(*throttle);
  throttle->stop();
  pass(Milliseconds(1000));
  EXPECT_EQ(woken_, 0);
}

}  // namespace
}  // namespace stampede::gateway
