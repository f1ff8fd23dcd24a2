// How should rabbitmq-c be driven? Publish and confirm over each way, on one broker, in one run;
// see docs/decisions/0002-drive-rabbitmq-c-as-a-codec.md.
//
//     bench_rabbitmq_drive amqp://guest:guest@127.0.0.1:5672/ [messages] [rounds] [broker pid]
//     [way]
//
// A way is blocking, codec, feed or binds; without one all are measured in turn.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>

#include <unistd.h>

#include "bench/rabbitmq_drive/drive.h"

namespace stampede::bench {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double own_cpu() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// User and system time of another process; fields 14 and 15 of /proc/<pid>/stat. 0 without a pid.
double cpu_of(const std::string& pid) {
  if (pid.empty()) return 0;
  std::ifstream in("/proc/" + pid + "/stat");
  std::string line;
  std::getline(in, line, ')');
  std::string skipped;
  for (int field = 3; field < 14; ++field) in >> skipped;
  double user = 0;
  double system = 0;
  in >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

long resident_kib() {
  std::ifstream in("/proc/self/statm");
  long total = 0;
  long resident = 0;
  in >> total >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

void measure(const char* name, std::size_t count, const std::string& broker_pid,
             const std::function<void()>& run) {
  const double cpu = own_cpu();
  const double broker = cpu_of(broker_pid);
  const auto start = std::chrono::steady_clock::now();
  run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const auto each = [count](double value) { return value * 1e6 / static_cast<double>(count); };
  std::printf("%-22s %10.0f/s %8.2f us own CPU each %8.2f us broker CPU each %8ld KiB resident\n",
              name, static_cast<double>(count) / took.count(), each(own_cpu() - cpu),
              each(cpu_of(broker_pid) - broker), resident_kib());
  std::fflush(stdout);
}

}  // namespace
}  // namespace stampede::bench

int main(int argc, char** argv) try {
  using namespace stampede::bench;
  if (argc < 2) {
    std::fprintf(stderr,
                 "usage: %s amqp://user:password@host:port/ [messages] [rounds] [broker pid] "
                 "[blocking|codec|feed|binds]\n",
                 argv[0]);
    return 2;
  }
  Work work;
  work.url = argv[1];
  if (argc > 2) work.messages = std::stoul(argv[2]);
  const unsigned long rounds = argc > 3 ? std::stoul(argv[3]) : 3;
  const std::string broker = argc > 4 ? argv[4] : "";
  const std::string_view only = argc > 5 ? argv[5] : "";
  const auto chosen = [only](std::string_view way) { return only.empty() || only == way; };
  if (!only.empty() && !chosen("blocking") && !chosen("codec") && !chosen("feed") &&
      !chosen("binds")) {
    std::fprintf(stderr, "way is '%s'; allowed: blocking, codec, feed, binds\n", argv[5]);
    return 2;
  }
  for (unsigned long round = 0; round < rounds; ++round) {
    if (chosen("blocking")) {
      measure("library's blocking I/O", work.messages, broker, [&] { drive_blocking(work); });
    }
    if (chosen("codec")) {
      measure("codec with Asio", work.messages, broker, [&] { drive_codec(work); });
    }
    if (chosen("feed")) {
      measure("MessageFeed::append", work.messages, broker, [&] { drive_feed(work); });
    }
    if (chosen("binds")) {
      measure("MessageBus::bind", 10'000, broker, [&] { drive_binds(work.url, 10'000); });
    }
    remove_topology(work.url);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
