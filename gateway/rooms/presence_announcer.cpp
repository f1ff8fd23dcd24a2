// Changes are counted where they are made: a thousand users who come to one large room at once are
// a thousand calls of the directory but one message on the bus.
#include "gateway/rooms/presence_announcer.h"

#include <utility>

#include "gateway/rooms/presence_messages.h"

namespace stampede::gateway {

PresenceAnnouncer::PresenceAnnouncer(Executor& on, const Clock& clock, GatewayId gateway,
                                     Options options, Presence& presence, MessageBus& bus,
                                     LocalFanout& fanout, Metrics& metrics)
    : on_(on),
      clock_(clock),
      gateway_(std::move(gateway)),
      options_(options),
      presence_(presence),
      bus_(bus),
      fanout_(fanout),
      changes_(metrics.counter(
          "stampede_gateway_presence_changes_total",
          "Users who came to a room or left it, as far as this gateway made it so.")),
      announced_(metrics.counter("stampede_gateway_presence_announced_total",
                                 "Presence events that were made of that: fewer in large rooms.")) {
}

void PresenceAnnouncer::start() {
  presence_.watch_changes(
      on_, [this](const std::vector<PresenceChange>& changes) { on_changes(changes); });
}

void PresenceAnnouncer::on_changes(const std::vector<PresenceChange>& changes) {
  changes_.add(static_cast<double>(changes.size()));
  Spread spread;
  for (const PresenceChange& change : changes) {
    if (std::cmp_greater(change.users, options_.most_listed)) {
      count(change, spread);
      continue;
    }
    counted_.erase(change.room);  // a number of before would come too late
    put(change_message(change, gateway_, now_ms()), change.remote, spread);
  }
  send(std::move(spread));
}

void PresenceAnnouncer::count(const PresenceChange& change, Spread& spread) {
  const auto [entry, first] = counted_.try_emplace(change.room, Counted{change, true});
  if (!first) {
    entry->second = {change, false};
    return;
  }
  put(count_message(change, gateway_, now_ms()), change.remote, spread);
  schedule_counts();
}

void PresenceAnnouncer::schedule_counts() {
  if (std::exchange(counts_scheduled_, true)) return;
  on_.post_after(options_.count_interval, [this] {
    counts_scheduled_ = false;
    tell_counts();
  });
}

void PresenceAnnouncer::tell_counts() {
  Spread spread;
  for (auto entry = counted_.begin(); entry != counted_.end();) {
    Counted& counted = entry->second;
    if (counted.told) {
      entry = counted_.erase(entry);
      continue;
    }
    counted.told = true;
    put(count_message(counted.latest, gateway_, now_ms()), counted.latest.remote, spread);
    ++entry;
  }
  send(std::move(spread));
  if (!counted_.empty()) schedule_counts();
}

void PresenceAnnouncer::put(MessageRef message, bool remote, Spread& spread) {
  if (remote) spread.elsewhere.push_back(message);
  spread.here.push_back(std::move(message));
}

void PresenceAnnouncer::send(Spread spread) {
  if (spread.here.empty()) return;
  announced_.add(static_cast<double>(spread.here.size()));
  if (!spread.elsewhere.empty()) bus_.publish(std::move(spread.elsewhere));
  fanout_.deliver(spread.here, kNoShard);
}

std::int64_t PresenceAnnouncer::now_ms() const {
  return std::chrono::duration_cast<Milliseconds>(clock_.wall()).count();
}

}  // namespace stampede::gateway
