#pragma once

#include <unordered_map>
#include <vector>

#include "gateway/rooms/local_fanout.h"
#include "shared/base/clock.h"
#include "shared/base/metrics.h"
#include "shared/ports/message_bus.h"
#include "shared/ports/presence.h"

namespace stampede::gateway {

/// Tells the rooms of all gateways which users have come and gone, as far as this gateway made it
/// so. Where a room has more than `most_listed` users, changes become their number, at most once in
/// `count_interval`. One per gateway, everything on `on`.
class PresenceAnnouncer {
 public:
  struct Options {
    std::size_t most_listed = 100;
    Milliseconds count_interval{1'000};
  };

  PresenceAnnouncer(Executor& on, const Clock& clock, GatewayId gateway, Options options,
                    Presence& presence, MessageBus& bus, LocalFanout& fanout, Metrics& metrics);

  /// Once, after the shards are attached.
  void start();

 private:
  /// A room whose number was told within the last interval.
  struct Counted {
    PresenceChange latest;
    bool told = true;
  };
  struct Spread {
    std::vector<MessageRef> here;
    std::vector<MessageRef> elsewhere;
  };

  void on_changes(const std::vector<PresenceChange>& changes);
  void count(const PresenceChange& change, Spread& spread);
  void tell_counts();
  void schedule_counts();
  void put(MessageRef message, bool remote, Spread& spread);
  void send(Spread spread);
  [[nodiscard]] std::int64_t now_ms() const;

  Executor& on_;
  const Clock& clock_;
  GatewayId gateway_;
  Options options_;
  Presence& presence_;
  MessageBus& bus_;
  LocalFanout& fanout_;
  std::unordered_map<RoomName, Counted> counted_;
  bool counts_scheduled_ = false;

  Counter changes_;
  Counter announced_;
};

}  // namespace stampede::gateway
