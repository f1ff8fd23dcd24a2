// What the load generator makes of what arrives: every figure of a comparison comes through here.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "bench/load/histogram.h"
#include "bench/load/numbers.h"
#include "bench/load/stamp.h"

namespace stampede::bench {
namespace {

TEST(NumbersTest, TellsGapsFromRepeats) {
  struct Step {
    std::uint32_t number;
    bool repeated;
    std::uint32_t skipped;
  };
  // Begins late; 9 is lost; 8 and 10 come twice; 9 comes after all, behind its successor.
  Numbers numbers;
  for (const Step& step : std::vector<Step>{{7, false, 0},
                                            {8, false, 0},
                                            {8, true, 0},
                                            {10, false, 1},
                                            {9, true, 0},
                                            {10, true, 0},
                                            {14, false, 3}}) {
    const Numbers::Arrival arrival = numbers.take(step.number);
    EXPECT_EQ(arrival.repeated, step.repeated) << step.number;
    EXPECT_EQ(arrival.skipped, step.skipped) << step.number;
  }
}

TEST(HistogramTest, PercentilesAreRightToASixtyFourth) {
  Histogram histogram;
  std::mt19937_64 chance(1);
  std::lognormal_distribution<double> latency(14, 2);  // around a millisecond, in nanoseconds
  std::vector<std::uint64_t> values(100'000);
  for (std::uint64_t& value : values) {
    value = static_cast<std::uint64_t>(latency(chance));
    histogram.record(value);
  }
  std::sort(values.begin(), values.end());
  EXPECT_EQ(histogram.total(), values.size());
  EXPECT_EQ(histogram.max(), values.back());
  for (const double fraction : {0.001, 0.5, 0.9, 0.99, 0.9999}) {
    const auto exact = static_cast<double>(
        values[static_cast<std::size_t>(fraction * static_cast<double>(values.size())) - 1]);
    const auto found = static_cast<double>(histogram.percentile(fraction));
    EXPECT_GE(found, exact) << fraction;
    EXPECT_LE(found, exact * 65 / 64 + 1) << fraction;
  }
  EXPECT_EQ(histogram.percentile(1), values.back());
}

TEST(HistogramTest, AddsUpWhatSeveralThreadsSaw) {
  Histogram one;
  Histogram other;
  one.record(10);
  other.record(1'000'000);
  one.add(other);
  EXPECT_EQ(one.total(), 2u);
  EXPECT_EQ(one.max(), 1'000'000u);
  EXPECT_EQ(one.percentile(0.5), 10u);
  EXPECT_EQ(Histogram().percentile(0.99), 0u);
}

TEST(StampTest, IsFoundInWhateverIsAroundIt) {
  const std::string body = stamped_body({7, 42, 123'456'789'012}, 200);
  EXPECT_EQ(body.size(), 200u);
  for (const std::string around : {"", "MESSAGE\n\n", "42[\"m\",\"", "~", "x~~y~"}) {
    const auto found = find_stamp(around + body + "\"]");
    ASSERT_TRUE(found) << around;
    EXPECT_EQ(found->publisher, 7u);
    EXPECT_EQ(found->number, 42u);
    EXPECT_EQ(found->due_ns, 123'456'789'012u);
  }
}

TEST(StampTest, NothingIsFoundWhereNoneIs) {
  const std::string body = stamped_body({7, 42, 1}, 0);
  EXPECT_FALSE(find_stamp(""));
  EXPECT_FALSE(find_stamp("no mark ~ here"));
  EXPECT_FALSE(find_stamp(body.substr(0, body.size() - 1))) << "it is cut off";
  EXPECT_TRUE(find_stamp(body));
}

}  // namespace
}  // namespace stampede::bench
