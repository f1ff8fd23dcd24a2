#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "shared/adapters/rabbitmq/confirm_queue.h"
#include "shared/adapters/rabbitmq/link.h"
#include "shared/adapters/rabbitmq/meters.h"
#include "shared/ports/message_feed.h"

namespace stampede::rabbitmq {

/// The confirmed channel: parcels of messages to the storage queues and refused messages to the
/// dead letters, persistent and mandatory. Every publish is answered within the outage bound,
/// connected or not. One thread, the loop's.
class StoragePublisher final : public ChannelUser {
 public:
  struct Settings {
    std::string self;            ///< AMQP app_id
    std::size_t window = 1'000;  ///< publishes
    std::size_t max_bytes = 0;
    Milliseconds outage_bound{30'000};
  };
  using Done = std::function<void(Result<void>)>;

  StoragePublisher(Settings settings, Link& link, ChannelId channel, const Topology& topology,
                   Meters& meters);

  void append(const std::vector<MessageRef>& batch, Reply<std::vector<Result<void>>> confirmed);
  /// `done` runs on the loop, never inside this call. Not held to the byte bound: consumers are
  /// bounded by their prefetch.
  void bury(DeadLetter letter, Done done);
  /// Gives up what is older than the outage bound, and sends again what the broker refused or
  /// returned. Queues that are missing are declared before.
  void tick(Clock::Instant now);
  /// Answers everything with kCancelled.
  void cancel();

 private:
  void on_up(Connection& connection) override;
  void on_down() override;
  void on_method(const Method& method) override;
  void on_content(const Content& content) override;
  void on_writable() override { pump(); }
  [[nodiscard]] bool ready() const override { return ready_; }

  void declare_topology();
  void pump();
  void send(const Publish& publish, ConfirmQueue::Tag tag);
  void send_dead(const DeadLetter& letter, amqp_basic_properties_t properties);
  void count(const ConfirmQueue::Confirmed& confirmed);

  Settings settings_;
  Link& link_;
  ChannelId channel_;
  const Topology& topology_;
  Meters& meters_;
  std::vector<std::string> storage_keys_;
  ConfirmQueue queue_;
  Connection* connection_ = nullptr;              ///< while the link is up
  bool ready_ = false;                            ///< the channel confirms
  std::optional<Clock::Instant> returned_since_;  ///< and not declared since
  LogLimiter log_limiter_{std::chrono::seconds(10)};
};

}  // namespace stampede::rabbitmq
