#include "shared/base/turn_runs.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/manual_executor.h"

namespace stampede::test {
namespace {

TEST(TurnRunsTest, NeighboursOfAKindGoTogetherAndTheOrderStays) {
  ManualExecutor executor;
  std::string seen;
  TurnRuns<char, char> runs(
      executor,
      [&](const std::vector<char>& in) { seen += "+" + std::string(in.begin(), in.end()); },
      [&](const std::vector<char>& out) { seen += "-" + std::string(out.begin(), out.end()); });
  runs.enter('a');
  runs.enter('b');
  runs.leave('a');
  runs.enter('a');
  runs.leave('b');
  runs.leave('a');
  EXPECT_EQ(seen, "") << "the turn is not over";
  executor.run();
  EXPECT_EQ(seen, "+ab-a+a-ba");
  runs.leave('c');
  executor.run();
  EXPECT_EQ(seen, "+ab-a+a-ba-c");
}

}  // namespace
}  // namespace stampede::test
