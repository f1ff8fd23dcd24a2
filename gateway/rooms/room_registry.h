#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <variant>
#include <vector>

#include "gateway/rooms/audience.h"
#include "gateway/rooms/dispatcher.h"
#include "gateway/rooms/local_fanout.h"
#include "gateway/rooms/room_order.h"
#include "shared/base/metrics.h"
#include "shared/base/turn_batch.h"
#include "shared/ports/room_directory.h"

namespace stampede::gateway {

/// The rooms that have members on one shard: brings them up (bind, then enter the directory),
/// delivers to them in order, heals gaps, and lets them go. On its shard's thread.
///
/// A room is live in this order: (1) bound, so that what is published arrives; (2) entered, which
/// gives the position S. Everything sequenced after S arrives; everything up to S is history.
class RoomRegistry {
 public:
  struct Options {
    Milliseconds reorder_window{50};  ///< how long an early message waits before its gap is healed
    std::size_t heal_limit = 1000;    ///< messages fetched at once to heal a gap
  };
  /// The position from which on the subscription gets everything, or why it could not be made.
  using Live = std::function<void(Result<Seq>)>;

  /// Attaches itself to `fanout`. The registry outlives every task of `on`.
  RoomRegistry(Executor& on, const Clock& clock, Options options, RoomDirectory& directory,
               Dispatcher& dispatcher, LocalFanout& fanout, Metrics& metrics);

  [[nodiscard]] ShardIndex shard() const noexcept { return shard_; }

  /// `live` runs posted, before the first message is delivered, unless `unsubscribe` comes first.
  /// `subscriber` must be unsubscribed before it is destroyed.
  void subscribe(Member member, Subscriber& subscriber, Live live);
  void unsubscribe(const RoomName& room, const SessionId& session, Subscriber& subscriber);

  /// Messages for this shard, in the order they came; those of rooms without members are dropped.
  void deliver(std::vector<MessageRef> batch);

  /// The highest position seen in the room, or kNoSeq.
  [[nodiscard]] Seq highest(const RoomName& room) const;

 private:
  /// A subscription that is not live yet.
  struct Pending {
    std::uint64_t ticket;
    Member member;
    Subscriber* subscriber;
    Live live;
  };
  struct Room {
    std::uint64_t id = 0;  ///< tells a room from an earlier one of the same name
    bool bound = false;
    bool heal_scheduled = false;
    RoomOrder order;
    Audience audience;
    std::vector<Pending> pending;
    std::unordered_map<SessionId, std::size_t> subscriptions;  ///< per session
  };
  struct Enter {
    std::uint64_t room_id;
    std::uint64_t ticket;
    Member member;
  };
  struct Leave {
    Member member;
  };
  using Change = std::variant<Enter, Leave>;

  Room& open_room(const RoomName& name);
  void close_room(const RoomName& name);
  Room* find(const RoomName& name, std::uint64_t id);
  void forget_subscription(Room& room, const RoomName& name, const SessionId& session);

  void on_bound(const RoomName& name, std::uint64_t id, const Result<void>& result);
  void apply(std::vector<Change> changes);
  void enter(std::vector<Enter> run);
  void on_entered(const std::vector<Enter>& run, const Result<std::vector<Seq>>& result);
  void go_live(Room& room, const Pending& pending, Seq last);
  void fail(const RoomName& name, Room& room, std::uint64_t ticket, const Error& error);

  void hand_out(Room& room, const std::vector<MessageRef>& messages);
  void watch_gap(const RoomName& name, Room& room);
  void check_gap(const RoomName& name, std::uint64_t id);
  void heal(const RoomName& name, std::uint64_t id, const Result<std::vector<MessageRef>>& found);

  Executor& on_;
  const Clock& clock_;
  Options options_;
  RoomDirectory& directory_;
  Dispatcher& dispatcher_;
  LocalFanout& fanout_;
  ShardIndex shard_;
  std::unordered_map<RoomName, Room> rooms_;
  std::array<std::size_t, kPartitions> rooms_in_partition_{};
  std::uint64_t next_id_ = 1;
  TurnBatch<Change> changes_;
  std::vector<MessageRef> out_;  ///< scratch for RoomOrder

  Gauge rooms_gauge_;
  Gauge subscriptions_gauge_;
  Counter delivered_;
  Counter held_;
  Counter stale_;
  Counter healed_;
  Counter unhealed_;
};

}  // namespace stampede::gateway
