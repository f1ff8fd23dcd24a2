// The order of rooms over a simulated cluster. A failure names its seed:
//   STAMPEDE_SIMULATION_SEED=<seed> runs that one, STAMPEDE_SIMULATION_RUNS=<n> that many of each.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

#include "shared/base/log.h"
#include "tests/unit/simulation/world.h"

namespace stampede::simulation {
namespace {

std::optional<std::uint64_t> number_of(const char* variable) {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

/// Runs of one plan: some whose seeds are the same each time, and as many by chance.
class Runs {
 public:
  explicit Runs(std::size_t count) {
    // Gaps that are passed over are the subject, not news.
    start_logging(LogLevel::kError, LogFormat::kText);
    if (const auto seed = number_of("STAMPEDE_SIMULATION_SEED")) {
      seeds_ = {*seed};
      return;
    }
    const std::uint64_t each = number_of("STAMPEDE_SIMULATION_RUNS").value_or(count) / 2;
    const std::uint64_t chance = std::uint64_t{std::random_device{}()} << 20;
    for (std::uint64_t i = 0; i < each; ++i) seeds_.insert(seeds_.end(), {i, chance + i});
  }

  /// Stops at the first run that breaks a guarantee; nullopt: none did.
  std::optional<std::string> first_broken(const Plan& plan) {
    const auto started = std::chrono::steady_clock::now();
    for (const std::uint64_t seed : seeds_) {
      World world(seed, plan);
      const auto broken = world.run();
      ++runs_;
      delivered_ += world.delivered();
      healed_ += world.healed();
      if (broken.empty()) continue;
      std::string text = "STAMPEDE_SIMULATION_SEED=" + std::to_string(seed);
      for (const std::string& what : broken) text += "\n  " + what;
      return text;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    std::cout << runs_ << " runs, " << static_cast<double>(runs_) / took.count() << " a second, "
              << delivered_ << " delivered, " << healed_ << " healed\n";
    return std::nullopt;
  }

 private:
  std::vector<std::uint64_t> seeds_;
  std::size_t runs_ = 0;
  std::size_t delivered_ = 0;
  double healed_ = 0;
};

constexpr std::size_t kRuns = 120;

void expect_kept(const Plan& plan) {
  Runs runs(kRuns);
  const auto broken = runs.first_broken(plan);
  EXPECT_FALSE(broken) << *broken;
}

/// Whether the defect is in the way of some run, which says one of these.
void expect_found(Plan::Defect defect, Plan plan, const std::vector<std::string_view>& guarantees) {
  plan.defect = defect;
  Runs runs(1'000);
  const auto broken = runs.first_broken(plan);
  ASSERT_TRUE(broken) << "1,000 runs and nothing found";
  EXPECT_TRUE(std::any_of(guarantees.begin(), guarantees.end(), [&](std::string_view guarantee) {
    return broken->find(guarantee) != std::string::npos;
  })) << *broken;
}

Plan lossy() {
  Plan plan;
  plan.drop = 0.1;
  plan.duplicate = 0.1;
  plan.delay = 0.1;
  return plan;
}

TEST(Simulation, GatewaysThatJoinAndLeaveMissNothing) { expect_kept({}); }

TEST(Simulation, OneRoomAndManyMessagesAtOnce) {
  Plan plan;
  plan.rooms = 1;
  plan.clients = 8;
  plan.actions = 150;
  plan.pace = Microseconds(600);
  expect_kept(plan);
}

TEST(Simulation, LostDuplicatedAndLateDeliveries) { expect_kept(lossy()); }

TEST(Simulation, OldMessagesAreOnlyInTheHistory) {
  Plan plan = lossy();
  plan.recent_messages = 3;
  expect_kept(plan);
}

TEST(Simulation, GatewaysDie) {
  Plan plan = lossy();
  plan.gateway_dies = 0.03;
  expect_kept(plan);
}

TEST(Simulation, TheBrokerRestarts) {
  Plan plan = lossy();
  plan.broker_restarts = 0.02;
  expect_kept(plan);
}

TEST(Simulation, GatewaysAreCutOffFromTheDirectory) {
  Plan plan = lossy();
  plan.directory_cut = 0.03;
  expect_kept(plan);
}

TEST(Simulation, EverythingAtOnce) {
  Plan plan = lossy();
  plan.gateways = 4;
  plan.actions = 120;
  plan.gateway_dies = 0.02;
  plan.broker_restarts = 0.01;
  plan.directory_cut = 0.01;
  expect_kept(plan);
}

TEST(SimulationItself, TheSameSeedIsTheSameRun) {
  const auto delivered = [](std::uint64_t seed) {
    World world(seed, lossy());
    (void)world.run();
    return world.delivered();
  };
  EXPECT_EQ(delivered(7), delivered(7));
}

/// It was healed although nothing was lost on its way, or there was no time for that.
const std::vector<std::string_view> kMissing{"quiet", "G3"};

TEST(SimulationItself, FindsABypassAlthoughAnotherGatewayHasEntered) {
  expect_found(Plan::Defect::kBypass, {}, kMissing);
}

TEST(SimulationItself, FindsMessagesThatAreNotChecked) {
  Plan plan;
  plan.delay = 0.1;
  expect_found(Plan::Defect::kNoChain, plan, {"G3"});
}

TEST(SimulationItself, FindsABindThatIsAnsweredTooEarly) {
  expect_found(Plan::Defect::kEarlyBind, {}, kMissing);
}

TEST(SimulationItself, FindsAPositionThatIsTooOld) {
  expect_found(Plan::Defect::kOldPosition, {}, kMissing);
}

TEST(SimulationItself, FindsAConfirmedMessageThatIsNotStored) {
  expect_found(Plan::Defect::kNotStored, {}, {"G1"});
}

}  // namespace
}  // namespace stampede::simulation
