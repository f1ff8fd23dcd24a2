// Chance decides who does what when; the plan, what else happens. After the last action the faults
// end, and what the guarantees promise has to come true within bounded time.
#include "tests/unit/simulation/world.h"

#include "tests/unit/simulation/invariants.h"

namespace stampede::simulation {
namespace {

/// Longer than a cut, a lease, two comparisons with the directory and the healing after them.
constexpr Microseconds kSettles{40'000'000};
constexpr Microseconds kSettlesClean{1'500'000};

/// Building the product's metrics costs more than a run.
Metrics& shared_metrics() {
  static Metrics metrics;
  return metrics;
}

}  // namespace

World::World(std::uint64_t seed, const Plan& plan)
    : plan_(plan),
      scheduler_(seed),
      metrics_(shared_metrics()),
      meters_{metrics_.counter("stampede_gateway_healed_total", "Missing messages found elsewhere.",
                               {{"source", "recent"}}),
              metrics_.counter("stampede_gateway_healed_total", "Missing messages found elsewhere.",
                               {{"source", "history"}}),
              metrics_.counter("stampede_gateway_unhealed_total",
                               "Gaps that could not be closed and were delivered around.")},
      healed_before_(healed()),
      unhealed_before_(meters_.unhealed.value()),
      servers_(scheduler_, plan_) {
  healed_before_ = meters_.healed_recent.value() + meters_.healed_history.value();
  for (std::size_t i = 0; i < plan_.gateways; ++i) start_gateway();
  for (std::size_t i = 0; i < plan_.clients; ++i) {
    clients_.emplace_back(i, RoomName("room-" + std::to_string(i % plan_.rooms)));
    clients_.back().connect(any_gateway(), scheduler_.pick(SimGateway::kShards));
  }
}

double World::healed() const {
  return meters_.healed_recent.value() + meters_.healed_history.value() - healed_before_;
}

std::size_t World::delivered() const {
  std::size_t count = 0;
  for (const Record& record : records_) count += record.got.size();
  return count;
}

std::vector<std::string> World::run() {
  Microseconds when{0};
  for (std::size_t i = 0; i < plan_.actions; ++i) {
    scheduler_.at(when, [this] { act(); });
    when += scheduler_.between(Microseconds(0), plan_.pace);
  }
  scheduler_.run_until(when + (plan_.clean() ? kSettlesClean : kSettles));
  std::vector<std::string> out;
  check(out);
  return out;
}

void World::act() {
  if (scheduler_.chance(plan_.gateway_dies)) return kill_a_gateway();
  if (scheduler_.chance(plan_.broker_restarts)) {
    return servers_.broker.restart(scheduler_.between(Milliseconds(1), Milliseconds(2'000)));
  }
  if (scheduler_.chance(plan_.directory_cut)) {
    return any_gateway().directory().cut(scheduler_.between(Milliseconds(1), Milliseconds(20'000)));
  }
  SimClient& client = clients_[scheduler_.pick(clients_.size())];
  const std::size_t what = scheduler_.pick(10);
  if (what < 6) {
    client.send([this](const MessageId& id) { confirmed_.push_back(id); });
  } else if (!client.joined()) {
    join(client);
  } else {
    client.leave();
    if (what < 8) client.connect(any_gateway(), scheduler_.pick(SimGateway::kShards));
    if (what < 9) join(client);
  }
}

void World::join(SimClient& client) { client.join(records_.emplace_back()); }

/// Its clients come back elsewhere.
void World::kill_a_gateway() {
  SimGateway& victim = any_gateway();
  SimGateway& other = start_gateway();
  victim.die();
  for (SimClient& client : clients_) {
    if (client.at() != &victim) continue;
    const bool was_in = client.joined();
    if (was_in) client.leave();
    client.connect(scheduler_.chance(0.5) ? other : any_gateway(),
                   scheduler_.pick(SimGateway::kShards));
    if (was_in) join(client);
  }
}

SimGateway& World::start_gateway() {
  gateways_.push_back(
      std::make_unique<SimGateway>(scheduler_, plan_, servers_, metrics_, gateways_.size()));
  return *gateways_.back();
}

SimGateway& World::any_gateway() {
  while (true) {
    SimGateway& one = *gateways_[scheduler_.pick(gateways_.size())];
    if (one.alive()) return one;
  }
}

void World::check(std::vector<std::string>& out) const {
  for (const Record& record : records_) {
    const auto truth = servers_.truth.find(record.room);
    static const std::map<Seq, MessageRef> nothing;
    for (std::string& what :
         violations(record, truth == servers_.truth.end() ? nothing : truth->second)) {
      out.push_back(std::move(what));
    }
    if (!record.ended && !record.refused && !record.started)
      out.push_back("a subscription never got live");
  }
  for (const MessageId& id : confirmed_) {
    if (!servers_.storage.has(id)) out.push_back("G1: confirmed and not stored: " + to_string(id));
  }
  if (plan_.clean() && healed() > 0) {
    out.push_back("quiet: without faults nothing may be missing, but " +
                  std::to_string(static_cast<int>(healed())) + " were healed");
  }
  if (plan_.directory_cut == 0 && meters_.unhealed.value() > unhealed_before_) {
    out.push_back("G3: a gap was passed over");
  }
}

}  // namespace stampede::simulation
