#pragma once

#include "bench/load/plan.h"
#include "bench/load/process_usage.h"
#include "bench/load/tally.h"

namespace stampede::bench {

/// What came of a plan.
struct Outcome {
  Tally tally;
  std::size_t ready = 0;            ///< connections
  Seconds connecting{0};            ///< from the first connection to the last
  Seconds counted{0};               ///< from the first counted message to the last delivery
  std::uint64_t memory_before = 0;  ///< bytes, before the first connection
  std::uint64_t memory_idle = 0;    ///< bytes, after the settling
  double connect_cpu = 0;           ///< seconds of the servers while connections were made
  double idle_cpu = 0;              ///< seconds of the servers while nothing happened
  double work_cpu = 0;              ///< seconds of the servers for what was counted
  double own_cpu = 0;               ///< seconds of this process for the same
  std::uint64_t worked = 0;         ///< deliveries that fell into those seconds
  bool complete = true;             ///< what was waited for came
};

/// Runs a plan on `plan.threads` threads; blocks. Throws std::runtime_error when not all clients
/// can connect, and where there is no rate when not everything comes.
Outcome run(const Plan& plan);

}  // namespace stampede::bench
