#include "shared/base/log.h"

#include <gtest/gtest.h>

#include "shared/base/metrics.h"

namespace stampede {
namespace {

TEST(LogTest, WritesFieldsAsKeyValue) {
  testing::internal::CaptureStderr();
  log_warn("client sent nonsense", {{"peer", "127.0.0.1:9"}, {"count", 3}, {"text", "a \"b\"\nc"}});
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_NE(
      line.find("warning client sent nonsense peer=127.0.0.1:9 count=3 text=\"a \\\"b\\\"\\nc\""),
      std::string::npos)
      << line;
}

TEST(LogTest, NamesWhatALevelMayBe) {
  EXPECT_EQ(*parse_log_level("debug"), LogLevel::kDebug);
  EXPECT_NE(parse_log_level("loud").error().detail.find("debug, info, warn or error"),
            std::string::npos);
  EXPECT_FALSE(parse_log_format("xml"));
}

TEST(LogLimiterTest, AdmitsOneAPeriodAndCountsTheRest) {
  LogLimiter limiter(std::chrono::seconds(1));
  auto now = std::chrono::steady_clock::time_point(std::chrono::hours(1));
  EXPECT_EQ(limiter.admit(now), 0);
  EXPECT_EQ(limiter.admit(now), -1);
  EXPECT_EQ(limiter.admit(now + std::chrono::milliseconds(999)), -1);
  EXPECT_EQ(limiter.admit(now + std::chrono::seconds(1)), 2);
}

TEST(MetricsTest, ExposesWhatIsCounted) {
  Metrics metrics;
  const Counter counter = metrics.counter("stampede_test_total", "A test.", {{"kind", "a"}});
  counter.add();
  metrics.counter("stampede_test_total", "A test.", {{"kind", "a"}}).add(2);
  EXPECT_EQ(counter.value(), 3);
  EXPECT_NE(metrics.expose().find("stampede_test_total{kind=\"a\"} 3"), std::string::npos);
}

}  // namespace
}  // namespace stampede
