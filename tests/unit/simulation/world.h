#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/simulation/sim_client.h"

namespace stampede::simulation {

/// One run of a simulated cluster: clients that join, send, leave and come back elsewhere, under
/// the plan's faults, until everything has settled.
class World {
 public:
  World(std::uint64_t seed, const Plan& plan);

  /// What went wrong; empty is good.
  std::vector<std::string> run();
  /// MESSAGEs that clients got.
  [[nodiscard]] std::size_t delivered() const;
  [[nodiscard]] double healed() const;

 private:
  /// What product metrics said when the run began: they are shared by all runs of the process.
  struct Meters {
    Counter healed_recent;
    Counter healed_history;
    Counter unhealed;
  };

  void act();
  void join(SimClient& client);
  void kill_a_gateway();
  SimGateway& start_gateway();
  SimGateway& any_gateway();
  void check(std::vector<std::string>& out) const;

  Plan plan_;
  Scheduler scheduler_;
  Metrics& metrics_;
  Meters meters_;
  double healed_before_;
  double unhealed_before_;
  Servers servers_;
  std::vector<std::unique_ptr<SimGateway>> gateways_;  ///< dead ones too
  std::deque<Record> records_;
  std::vector<MessageId> confirmed_;
  std::vector<SimClient> clients_;
};

}  // namespace stampede::simulation
