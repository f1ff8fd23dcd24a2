#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "gateway/rooms/local_fanout.h"
#include "gateway/users/user_queues.h"
#include "shared/base/metrics.h"
#include "shared/base/turn_batch.h"
#include "shared/ports/message_bus.h"
#include "shared/ports/user_directory.h"

namespace stampede::gateway {

/// The way of a direct message from a session to those of its recipient: finds out at which
/// gateways they are, and hands it on to each. One per shard, on its thread. What is sent during
/// one turn shares one look into the directory, and keeps its order.
class DirectSender {
 public:
  /// To how many sessions the message was handed on. Nothing when the directory was away: then
  /// every gateway got it.
  using HandedOn = std::function<void(std::optional<std::size_t> sessions)>;

  DirectSender(Executor& on, ShardIndex shard, GatewayId self, UserDirectory& directory,
               MessageBus& bus, LocalFanout& fanout, UserQueues& queues, Metrics& metrics);

  /// `message` is not changed by anyone afterwards. `handed_on` runs posted, once, in the order
  /// sent.
  void send(MessageRef message, HandedOn handed_on);

  /// Sent and not yet answered.
  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }

 private:
  struct Outgoing {
    MessageRef message;
    HandedOn handed_on;
  };
  using Batch = std::shared_ptr<std::vector<Outgoing>>;

  void look_up(std::vector<Outgoing> batch);
  void hand_on(const std::vector<Outgoing>& batch, const Result<UserDirectory::Places>& found);
  void hand_to_all(const std::vector<Outgoing>& batch);
  void deliver_here(const std::vector<MessageRef>& messages);

  Executor& on_;
  ShardIndex shard_;
  GatewayId self_;
  UserDirectory& directory_;
  MessageBus& bus_;
  LocalFanout& fanout_;
  UserQueues& queues_;
  TurnBatch<Outgoing> turn_;
  std::size_t in_flight_ = 0;

  Counter found_;
  Counter not_found_;
  Counter to_all_;
};

}  // namespace stampede::gateway
