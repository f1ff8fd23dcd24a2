#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "shared/model/partition.h"

namespace stampede::gateway {

/// What to bind so that every wanted room is heard, with few bindings: rooms one by one, or the
/// whole of a partition in which more than `max_room_bindings` rooms are wanted. At no time are
/// there more than `max_room_bindings` + 1 bindings of a partition.
///
/// A swap leaves no gap: what takes over is bound, and known to be, before what it replaces is
/// unbound. A partition goes back to single rooms at half the number, so that a room that comes and
/// goes at the limit swaps nothing. Pure; one thread.
class BindingPlan {
 public:
  /// What the owner asks of the bus, binds first. Each bind is answered once, by `bound` or
  /// `failed`.
  struct Changes {
    std::vector<BindingKey> bind;
    std::vector<BindingKey> unbind;
  };

  explicit BindingPlan(std::size_t max_room_bindings) : max_room_bindings_(max_room_bindings) {}

  /// True: the room is heard already. Otherwise `bound` or `failed` will name it.
  bool want(const RoomName& room);
  void drop(const RoomName& room);

  /// What has become necessary since the last call. Asking late, for many rooms at once, saves
  /// binding rooms one by one whose partition is about to be bound as a whole.
  [[nodiscard]] Changes take_changes();

  /// The bus has bound `keys`. Returns the wanted rooms that are heard now and were not before.
  [[nodiscard]] std::vector<RoomName> bound(const std::vector<BindingKey>& keys);
  /// It could not. Returns the rooms that are not heard and not wanted any more because of that.
  [[nodiscard]] std::vector<RoomName> failed(const std::vector<BindingKey>& keys);

  /// Through which binding the room is heard; none when it is not, or not yet.
  [[nodiscard]] std::optional<BindingKey> heard_by(const RoomName& room) const;

  [[nodiscard]] std::size_t wanted() const noexcept { return wanted_; }
  /// Partitions that are bound as a whole.
  [[nodiscard]] std::size_t whole_partitions() const noexcept { return whole_; }

 private:
  enum class State : std::uint8_t { kNone, kAsked, kBound };

  struct Partition {
    std::unordered_set<RoomName> wanted;
    std::unordered_map<RoomName, State> rooms;  ///< bindings asked for or there; never kNone
    State whole = State::kNone;
    bool dissolving = false;  ///< its rooms are being bound one by one again
    bool changed = false;     ///< and listed in changed_
  };

  void note_change(std::uint32_t partition);
  void plan(std::uint32_t index, Changes& out);
  void plan_rooms(std::uint32_t index, Changes& out);
  void plan_whole(std::uint32_t index, Changes& out);
  static void bind_missing_rooms(std::uint32_t index, Partition& partition, Changes& out);
  static void unbind_rooms(std::uint32_t index, Partition& partition, bool unwanted_only,
                           Changes& out);
  [[nodiscard]] bool rooms_fit(const Partition& partition) const;
  [[nodiscard]] static bool all_rooms_bound(const Partition& partition);
  void whole_bound(Partition& partition, std::vector<RoomName>& heard);
  static void room_bound(Partition& partition, const RoomName& room, std::vector<RoomName>& heard);
  void lose(Partition& partition, const RoomName& room, std::vector<RoomName>& lost);

  std::size_t max_room_bindings_;
  std::array<Partition, kPartitions> partitions_;
  std::vector<std::uint32_t> changed_;
  std::size_t wanted_ = 0;
  std::size_t whole_ = 0;
};

}  // namespace stampede::gateway
