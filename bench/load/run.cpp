// The phases of a run. Everything that is counted is counted by when a message was due, so that
// warm-up and counted part need no border that all clients agree on.
#include "bench/load/run.h"

#include <unistd.h>

#include <limits>
#include <memory>
#include <stdexcept>
#include <thread>

#include "bench/load/driver.h"

namespace stampede::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 5ms;

std::uint64_t ns(Seconds time) { return static_cast<std::uint64_t>(time.count() * 1e9); }
Seconds since(std::uint64_t start_ns) {
  return Seconds(static_cast<double>(now_ns() - start_ns) * 1e-9);
}

/// The drivers and their threads; ends them whatever happens.
class Crew {
 public:
  explicit Crew(const Plan& plan) : protocol_(make_protocol(plan.protocol)) {
    for (std::size_t i = 0; i < plan.threads; ++i) {
      drivers_.push_back(std::make_unique<Driver>(plan, *protocol_, stage_, i));
    }
    for (const auto& driver : drivers_) threads_.emplace_back([&driver] { driver->run(); });
  }
  ~Crew() { join(); }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  Stage& stage() { return stage_; }
  Tally join() {
    stage_.end = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    Tally all;
    for (const auto& driver : drivers_) all.add(driver->tally());
    return all;
  }

 private:
  Stage stage_;
  std::unique_ptr<Protocol> protocol_;
  std::vector<std::unique_ptr<Driver>> drivers_;
  std::vector<std::thread> threads_;
};

void connect_all(const Plan& plan, Crew& crew, Outcome& outcome) {
  Stage& stage = crew.stage();
  const std::size_t all = plan.members + plan.publishers;
  const std::uint64_t start = now_ns();
  std::size_t last = 0;
  std::uint64_t progress = start;
  while (stage.ready + stage.failed < all) {
    if (stage.ready != last) {
      last = stage.ready;
      progress = now_ns();
    }
    if (since(progress) > plan.patience) break;
    std::this_thread::sleep_for(kLook);
  }
  outcome.ready = stage.ready;
  outcome.connecting = since(start);
  if (outcome.ready < all) {
    const Tally tally = crew.join();
    throw std::runtime_error(std::to_string(outcome.ready) + " of " + std::to_string(all) +
                             " clients got ready; first complaint: " +
                             (tally.complaint.empty() ? "none" : tally.complaint));
  }
}

/// Until everything is there or nothing has come for a while; a loss must not be what has not
/// arrived yet. Returns how long after the call the last delivery came.
Seconds let_the_rest_arrive(const Plan& plan, Stage& stage) {
  constexpr auto kQuiet = 5s;
  const std::uint64_t start = now_ns();
  std::uint64_t seen = stage.delivered;
  Seconds last{0};
  while (since(start) - last < kQuiet && since(start) < plan.patience) {
    std::this_thread::sleep_for(kLook);
    if (stage.delivered != seen) {
      seen = stage.delivered;
      last = since(start);
    }
    if (stage.publishing == 0 && seen >= stage.expected) break;
  }
  return last;
}

void at_a_rate(const Plan& plan, Stage& stage, Outcome& outcome) {
  const std::uint64_t begin = now_ns() + ns(50ms);
  const std::uint64_t from = begin + ns(plan.warm_up);
  stage.count_from_ns = from;
  stage.count_to_ns = from + ns(plan.duration);
  stage.begin_ns = begin;
  std::this_thread::sleep_for(plan.warm_up + 50ms);
  const double servers = cpu_of(plan.servers);
  const double own = cpu_of({getpid()});
  const std::uint64_t arrived = stage.arrived;
  std::this_thread::sleep_for(plan.duration);
  // What is under way belongs to it; a server that cannot keep up works on for longer, and had
  // something left from the warm-up.
  outcome.counted = plan.duration + let_the_rest_arrive(plan, stage);
  outcome.work_cpu = cpu_of(plan.servers) - servers;
  outcome.own_cpu = cpu_of({getpid()}) - own;
  outcome.worked = stage.arrived - arrived;
}

/// Nothing is left out of what is counted.
void begin_window(Stage& stage) {
  stage.count_from_ns = 0;
  stage.count_to_ns = std::numeric_limits<std::uint64_t>::max();
  stage.begin_ns = now_ns();
}

std::uint64_t deliveries_of(const Plan& plan) {
  std::uint64_t deliveries = 0;
  for (std::size_t i = 0; i < plan.publishers; ++i) {
    const std::size_t room = i % plan.rooms;
    deliveries +=
        plan.messages * (plan.members / plan.rooms + (room < plan.members % plan.rooms ? 1 : 0));
  }
  return deliveries;
}

/// Until `done`; false when nothing has been delivered or confirmed for as long as patience lasts.
template <typename Done>
bool await(const Plan& plan, const Stage& stage, Done done) {
  std::uint64_t seen = 0;
  std::uint64_t progress = now_ns();
  while (!done()) {
    const std::uint64_t now_seen = stage.delivered + stage.confirmed;
    if (now_seen != seen) {
      seen = now_seen;
      progress = now_ns();
    }
    if (since(progress) > plan.patience) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

void at_a_window(const Plan& plan, Stage& stage, Outcome& outcome) {
  const double servers = cpu_of(plan.servers);
  const double own = cpu_of({getpid()});
  const std::uint64_t begin = now_ns();
  const std::uint64_t deliveries = deliveries_of(plan);
  begin_window(stage);
  if (deliveries > 0) {
    outcome.complete = await(plan, stage, [&] { return stage.delivered >= deliveries; });
    outcome.counted = since(begin);
  }
  const bool published = await(plan, stage, [&] { return stage.publishing == 0; });
  outcome.complete = outcome.complete && published;
  if (deliveries == 0) outcome.counted = since(begin);
  outcome.work_cpu = cpu_of(plan.servers) - servers;
  outcome.own_cpu = cpu_of({getpid()}) - own;
  outcome.worked = stage.arrived;
}

/// What is measured begins when the members come back.
void missed_and_resumed(const Plan& plan, Stage& stage, Outcome& outcome) {
  const std::uint64_t deliveries = deliveries_of(plan);
  stage.away = true;
  if (!await(plan, stage, [&] { return stage.ready == plan.publishers; })) {
    throw std::runtime_error("members did not let go of their connections");
  }
  begin_window(stage);
  if (!await(plan, stage, [&] { return stage.publishing == 0; })) {
    throw std::runtime_error("what members are to miss was not confirmed");
  }
  const double servers = cpu_of(plan.servers);
  const double own = cpu_of({getpid()});
  const std::uint64_t begin = now_ns();
  stage.away = false;
  outcome.complete = await(plan, stage, [&] { return stage.delivered >= deliveries; });
  outcome.counted = since(begin);
  outcome.work_cpu = cpu_of(plan.servers) - servers;
  outcome.own_cpu = cpu_of({getpid()}) - own;
  outcome.worked = stage.arrived;
}

std::string what_is_left(const Plan& plan, const Outcome& outcome) {
  const Tally& tally = outcome.tally;
  return "members got " + std::to_string(tally.delivered) + " of " +
         std::to_string(deliveries_of(plan)) + " messages, " + std::to_string(tally.confirmed) +
         " were confirmed and " + std::to_string(tally.broken) +
         " connections lost when nothing more came; first complaint: " +
         (tally.complaint.empty() ? "none" : tally.complaint);
}

}  // namespace

Outcome run(const Plan& plan) {
  Outcome outcome;
  const std::vector<pid_t>& holders = plan.memory_of.empty() ? plan.servers : plan.memory_of;
  outcome.memory_before = memory_of(holders);
  const double unconnected = cpu_of(plan.servers);
  Crew crew(plan);
  connect_all(plan, crew, outcome);
  outcome.connect_cpu = cpu_of(plan.servers) - unconnected;

  const double settled = cpu_of(plan.servers);
  std::this_thread::sleep_for(plan.settle);
  outcome.idle_cpu = cpu_of(plan.servers) - settled;
  outcome.memory_idle = memory_of(holders);

  if (plan.rate > 0) {
    at_a_rate(plan, crew.stage(), outcome);
  } else if (plan.messages > 0 && plan.resume) {
    missed_and_resumed(plan, crew.stage(), outcome);
  } else if (plan.messages > 0) {
    at_a_window(plan, crew.stage(), outcome);
  }
  outcome.tally = crew.join();
  if (!outcome.complete) throw std::runtime_error(what_is_left(plan, outcome));
  return outcome;
}

}  // namespace stampede::bench
