#pragma once

#include <string>

#include "shared/adapters/rabbitmq/codec.h"

namespace stampede::rabbitmq {

/// The exchanges and queues that the cluster shares, all durable:
///
///     <prefix>.rooms    topic   -> a queue of each gateway, by routing_key(room), and by
///                                  routing_key(gateway) what is for one gateway alone
///     <prefix>.storage  direct  -> <prefix>.storage.<n>, quorum, by n = storage_queue_of(room)
///     <prefix>.dead     fanout  -> <prefix>.dead, quorum: what storage refused, with x-reason
///
/// Storage queues refuse rather than drop when an operator's policy bounds them, and hand what a
/// broker gives up on (its delivery limit) to the dead letters, because both hold acknowledged
/// messages.
class Topology {
 public:
  explicit Topology(const std::string& prefix);

  [[nodiscard]] const std::string& rooms_exchange() const { return rooms_; }
  [[nodiscard]] const std::string& storage_exchange() const { return storage_; }
  [[nodiscard]] const std::string& dead_exchange() const { return dead_; }
  [[nodiscard]] std::string storage_queue(std::uint32_t index) const;
  [[nodiscard]] const std::string& dead_queue() const { return dead_; }

  /// Appends declarations of all of it, which change nothing where they are true already; returns
  /// how many answers the broker owes.
  std::size_t declare(std::string& out, ChannelId channel) const;

 private:
  std::string rooms_;
  std::string storage_;
  std::string dead_;
};

}  // namespace stampede::rabbitmq
