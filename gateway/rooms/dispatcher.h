#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/rooms/local_fanout.h"
#include "shared/base/metrics.h"
#include "shared/base/turn_batch.h"
#include "shared/ports/message_bus.h"

namespace stampede::gateway {

/// Between the bus and the shards: keeps the gateway bound to the rooms that its shards have open,
/// and gives each shard the messages of its rooms, one post a shard and batch.
///
/// `open` and `close` may be called from any thread; everything else happens on `on`. A room that
/// no shard has open stays bound for `linger`, so that a reconnect costs the broker nothing.
class Dispatcher {
 public:
  Dispatcher(Executor& on, const Clock& clock, MessageBus& bus, LocalFanout& fanout,
             GatewayId gateway, Milliseconds linger, Metrics& metrics);

  /// Once, after the shards are attached.
  void start();

  /// The shard has members of the room from now on. Replies when the room is bound: what any
  /// gateway publishes afterwards reaches the shard.
  void open(ShardIndex shard, RoomName room, Reply<Result<void>> opened);
  void close(ShardIndex shard, RoomName room);

 private:
  struct Binding {
    std::uint64_t shards = 0;  ///< bit mask; 0 = lingering
    bool bound = false;
    Clock::Instant unused_since{};
    std::vector<Reply<Result<void>>> waiting;  ///< for bind-ok
  };

  void on_open(ShardIndex shard, const RoomName& room, const Reply<Result<void>>& opened);
  void on_close(ShardIndex shard, const RoomName& room);
  void bind(std::vector<RoomName> rooms);
  void on_bound(const std::vector<RoomName>& rooms, const Result<void>& result);
  void on_batch(const std::vector<MessageRef>& batch);
  void schedule_sweep();
  void sweep();

  Executor& on_;
  const Clock& clock_;
  MessageBus& bus_;
  LocalFanout& fanout_;
  GatewayId gateway_;
  Milliseconds linger_;
  std::unordered_map<RoomName, Binding> bindings_;
  TurnBatch<RoomName> to_bind_;
  bool sweep_scheduled_ = false;

  Gauge bound_rooms_;
  Counter received_;
  Counter unwanted_;
};

}  // namespace stampede::gateway
