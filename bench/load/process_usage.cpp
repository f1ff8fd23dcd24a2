#include "bench/load/process_usage.h"

#include <unistd.h>

#include <fstream>
#include <string>

namespace stampede::bench {
namespace {

std::string proc(pid_t process, const char* name) {
  return "/proc/" + std::to_string(process) + "/" + name;
}

/// Fields 14 and 15 of proc(5)'s stat, which also count threads that have ended, are in clock
/// ticks: 10 ms, fine enough for runs of seconds.
double cpu_of(pid_t process) {
  std::ifstream in(proc(process, "stat"));
  std::string skipped;
  if (!std::getline(in, skipped, ')')) return 0;
  for (int field = 3; field < 14; ++field) in >> skipped;
  double user = 0;
  double system = 0;
  in >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::uint64_t pss_of(pid_t process) {
  std::ifstream in(proc(process, "smaps_rollup"));
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("Pss:")) return std::stoull(line.substr(4)) * 1024;
  }
  return 0;
}

}  // namespace

double cpu_of(const std::vector<pid_t>& processes) {
  double sum = 0;
  for (const pid_t process : processes) sum += cpu_of(process);
  return sum;
}

std::uint64_t memory_of(const std::vector<pid_t>& processes) {
  std::uint64_t sum = 0;
  for (const pid_t process : processes) sum += pss_of(process);
  return sum;
}

}  // namespace stampede::bench
