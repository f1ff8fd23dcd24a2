#pragma once

#include "shared/base/metrics.h"

namespace stampede::rabbitmq {

/// Every metric of the adapter but a link's own, resolved once. Any thread.
struct Meters {
  explicit Meters(Metrics& metrics);

  Counter storage_publishes;
  Counter rooms_publishes;
  Counter dead_publishes;
  Counter confirms;
  Counter nacks;
  Counter returns;
  Counter expired;
  Histogram confirm_seconds;
  Gauge unconfirmed;

  Counter bus_dropped_away;
  Counter bus_dropped_blocked;
  Counter bus_dropped_full;
  Counter bus_received;
  Counter bus_own;
  Counter bus_undecodable;
  Gauge bindings;

  Counter deliveries;
  Counter redeliveries;
  Gauge unacknowledged;
};

}  // namespace stampede::rabbitmq
