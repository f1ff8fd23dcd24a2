#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "shared/base/clock.h"
#include "shared/base/health.h"
#include "shared/base/metrics.h"
#include "shared/ports/message_bus.h"
#include "shared/ports/message_feed.h"
#include "shared/runtime/loop.h"

namespace stampede::rabbitmq {

struct Options {
  /// `amqp://user:password@host:port/vhost`, or `amqps://` for TLS; see url.h.
  std::string url = "amqp://guest:guest@127.0.0.1:5672/";
  /// Who publishes (AMQP `app_id`); the bus drops what carries its own name. At most 255 bytes.
  GatewayId self;
  /// First part of every exchange and queue name; 1 to 100 of `[A-Za-z0-9._-]`.
  std::string prefix = "stampede";

  /// For workers: the bus publishes on the channel that consumes the feed. What is published before
  /// an ack is at the broker before the ack, or the delivery comes again; nothing is dropped for
  /// its size. Only for what deliveries give rise to.
  bool publish_before_acks = false;

  Milliseconds connect_timeout{5'000};  ///< resolve, connect, TLS and log-in together
  Milliseconds heartbeat{10'000};       ///< asked for; the broker may ask for less. Whole seconds
  Milliseconds backoff_min{100};        ///< between attempts to connect, doubled after each
  Milliseconds backoff_max{5'000};
  Milliseconds bind_timeout{10'000};  ///< then a bind is answered kUnavailable
  Milliseconds outage_bound{30'000};  ///< then an unconfirmed append is answered kUnavailable

  std::size_t confirm_window = 1'000;                  ///< parcels sent and not confirmed
  std::size_t append_bytes = 64 * 1024 * 1024;         ///< appends unanswered; then kOverloaded
  std::size_t bus_queue_bytes = 64 * 1024 * 1024;      ///< in the broker; then the oldest go
  Milliseconds bus_message_ttl{30'000};                ///< in the broker
  std::size_t bus_unsent_bytes = 16 * 1024 * 1024;     ///< towards the broker; then dropped
  std::size_t bus_unhandled_bytes = 32 * 1024 * 1024;  ///< in handlers; then reading pauses
};

/// Both ports over one RabbitMQ broker. They share their connections, which end with the last of
/// the two.
struct Ports {
  std::unique_ptr<MessageBus> bus;
  std::unique_ptr<MessageFeed> feed;
};

/// Ports that connect, and connect again, by themselves; nothing here waits for the broker. All
/// work is done on `loop`'s thread. Connections are opened when they are needed: one that publishes
/// at once, one that consumes by `MessageBus::start` or `MessageFeed::consume`.
///
/// Reports the component `rabbitmq` to `health`: ready when every opened connection is usable, the
/// topology is declared, every known room is bound and the broker does not block publishers.
///
/// `loop`, `metrics` and `health` outlive the ports. Stop the loop before destroying them; what is
/// unanswered then is answered kCancelled. kInvalidArgument: an option is out of range, `detail`
/// says which and what is allowed.
Result<Ports> make_ports(Loop& loop, const Options& options, Metrics& metrics, Health& health);

}  // namespace stampede::rabbitmq
