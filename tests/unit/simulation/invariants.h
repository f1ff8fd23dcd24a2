#pragma once

#include <string>
#include <vector>

#include "tests/unit/simulation/sim_client.h"

namespace stampede::simulation {

/// The guarantees that a record breaks, one sentence each. `truth`: the messages of its room.
std::vector<std::string> violations(const Record& record, const std::map<Seq, MessageRef>& truth);

}  // namespace stampede::simulation
