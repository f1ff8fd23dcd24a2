#pragma once

#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace stampede::bench {

// What processes use, from the kernel's own books. A process that is gone counts as nothing.

/// Proportional set size in bytes: shared pages are split among their users. Reading the memory
/// maps of a large process disturbs it.
std::uint64_t memory_of(const std::vector<pid_t>& processes);
/// User and system time in seconds.
double cpu_of(const std::vector<pid_t>& processes);

}  // namespace stampede::bench
