#pragma once

#include <string>

#include "bench/load/run.h"

namespace stampede::bench {

/// One JSON object of what a run showed; times in milliseconds unless the name says otherwise.
std::string report(const Plan& plan, const Outcome& outcome);

}  // namespace stampede::bench
