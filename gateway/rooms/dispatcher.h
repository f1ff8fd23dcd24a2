#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/rooms/binding_plan.h"
#include "gateway/rooms/local_fanout.h"
#include "shared/base/metrics.h"
#include "shared/ports/message_bus.h"

namespace stampede::gateway {

/// Between the bus and the shards: keeps the gateway bound to the rooms that its shards have open,
/// and gives each shard the messages of its rooms, one post a shard and batch, and what is for the
/// gateway itself.
///
/// `open` and `close` may be called from any thread; everything else happens on `on`. A room that
/// no shard has open stays bound for `linger`, so that a reconnect costs the broker nothing. Where
/// many rooms of a partition are open the whole partition is bound, and what comes of its other
/// rooms is dropped and counted.
class Dispatcher {
 public:
  struct Options {
    Milliseconds linger{30'000};
    std::size_t max_room_bindings = 32;  ///< of one partition; see BindingPlan
  };

  Dispatcher(Executor& on, const Clock& clock, MessageBus& bus, LocalFanout& fanout,
             GatewayId gateway, Options options, Metrics& metrics);

  /// Once, after the shards are attached.
  void start();

  /// The shard has members of the room from now on. Replies when the room is bound: what any
  /// gateway publishes afterwards reaches the shard.
  void open(ShardIndex shard, RoomName room, Reply<Result<void>> opened);
  void close(ShardIndex shard, RoomName room);
  /// Unbinds and binds a room whose messages do not arrive: a broker may have a binding that does
  /// not route. What it missed meanwhile is the rooms' to heal.
  void rebind(RoomName room);

 private:
  struct Room {
    std::uint64_t shards = 0;  ///< bit mask; 0 = lingering
    bool bound = false;        ///< by itself or with its partition
    Clock::Instant unused_since{};
    std::vector<Reply<Result<void>>> waiting;  ///< for bind-ok
  };

  void on_open(ShardIndex shard, const RoomName& name, const Reply<Result<void>>& opened);
  void on_rebind(const RoomName& name);
  void on_close(ShardIndex shard, const RoomName& name);
  void change_bindings_later();
  void change_bindings();
  void on_bound(const std::vector<BindingKey>& keys, const Result<void>& result);
  void publish_counts();
  void on_batch(const std::vector<MessageRef>& batch);
  void schedule_sweep();
  void sweep();

  Executor& on_;
  const Clock& clock_;
  MessageBus& bus_;
  LocalFanout& fanout_;
  GatewayId gateway_;
  Milliseconds linger_;
  std::unordered_map<RoomName, Room> rooms_;
  BindingPlan plan_;
  bool change_scheduled_ = false;
  bool sweep_scheduled_ = false;

  Gauge bound_rooms_;
  Gauge bound_partitions_;
  Counter received_;
  Counter unwanted_lingering_;
  Counter unwanted_elsewhere_;
  Counter rebound_;
};

}  // namespace stampede::gateway
