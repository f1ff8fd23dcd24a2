#pragma once

#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace stampede::bench {

/// What processes have used, from the kernel's own books. A process that is gone counts as nothing.
struct Usage {
  double cpu_seconds = 0;       ///< user and system
  std::uint64_t pss_bytes = 0;  ///< proportional set size: shared pages are split among their users
};

Usage usage_of(const std::vector<pid_t>& processes);
/// CPU time alone: reading memory maps of a large process disturbs it.
double cpu_of(const std::vector<pid_t>& processes);

}  // namespace stampede::bench
