// The names and sentences that an operator sees, in one place.
#include "shared/adapters/rabbitmq/meters.h"

namespace stampede::rabbitmq {
namespace {

Counter publishes(Metrics& metrics, const char* exchange) {
  return metrics.counter("stampede_rabbitmq_publishes_total",
                         "Messages written to the broker, repeats included.",
                         {{"exchange", exchange}});
}

Counter dropped(Metrics& metrics, const char* reason) {
  return metrics.counter("stampede_rabbitmq_bus_dropped_total",
                         "Live messages that were not given to the broker; rooms heal the gap "
                         "where there is one.",
                         {{"reason", reason}});
}

}  // namespace

Meters::Meters(Metrics& m)
    : storage_publishes(publishes(m, "storage")),
      rooms_publishes(publishes(m, "rooms")),
      dead_publishes(publishes(m, "dead")),
      confirms(m.counter("stampede_rabbitmq_confirms_total", "Messages the broker confirmed.")),
      nacks(m.counter("stampede_rabbitmq_nacks_total",
                      "Messages the broker refused; each is sent again.")),
      returns(m.counter("stampede_rabbitmq_returns_total",
                        "Messages that came back because no queue took them.")),
      expired(m.counter("stampede_rabbitmq_expired_total",
                        "Messages given up because no confirm came within the outage bound.")),
      confirm_seconds(m.histogram(
          "stampede_rabbitmq_confirm_seconds",
          "From append to the broker's confirm, the oldest of each confirm.", latency_bounds())),
      unconfirmed(m.gauge("stampede_rabbitmq_unconfirmed",
                          "Messages given to append and not answered yet.")),
      bus_dropped_away(dropped(m, "disconnected")),
      bus_dropped_blocked(dropped(m, "blocked")),
      bus_dropped_full(dropped(m, "full")),
      bus_received(
          m.counter("stampede_rabbitmq_bus_received_total", "Live messages from other gateways.")),
      bus_own(m.counter("stampede_rabbitmq_bus_own_total",
                        "Live messages of this gateway that came back and were dropped.")),
      bus_undecodable(m.counter("stampede_rabbitmq_bus_undecodable_total",
                                "Live messages that could not be decoded and were dropped.")),
      bindings(m.gauge("stampede_rabbitmq_bindings",
                       "Rooms and whole partitions bound to this gateway's queue.")),
      deliveries(m.counter("stampede_rabbitmq_deliveries_total",
                           "Messages delivered from the storage queues.")),
      redeliveries(m.counter("stampede_rabbitmq_redeliveries_total",
                             "Messages that the broker says it may have delivered before.")),
      unacknowledged(m.gauge("stampede_rabbitmq_unacknowledged",
                             "Deliveries, each a parcel of messages, that are not acked yet.")) {}

}  // namespace stampede::rabbitmq
