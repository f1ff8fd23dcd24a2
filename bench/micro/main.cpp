// The pieces of the hot path by themselves. For one figure compare builds of one machine, minutes
// apart; for instructions, which do not depend on what else the machine does: scripts/bench
// callgrind.
#include <benchmark/benchmark.h>

BENCHMARK_MAIN();
