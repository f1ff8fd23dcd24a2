// A queue with thousands of bindings is slow to delete and has stalled brokers, so their number is
// bounded whatever the number of rooms; see docs/decisions/0007-whole-partitions.md.
#include "gateway/rooms/binding_plan.h"

#include <algorithm>
#include <utility>

namespace stampede::gateway {

bool BindingPlan::want(const RoomName& room) {
  const std::uint32_t index = partition_of(room);
  Partition& partition = partitions_[index];
  if (partition.wanted.insert(room).second) {
    ++wanted_;
    note_change(index);
  }
  if (partition.whole == State::kBound) return true;
  const auto single = partition.rooms.find(room);
  return single != partition.rooms.end() && single->second == State::kBound;
}

std::optional<BindingKey> BindingPlan::heard_by(const RoomName& room) const {
  const std::uint32_t index = partition_of(room);
  const Partition& partition = partitions_[index];
  if (partition.whole == State::kBound) return BindingKey{index, {}};
  const auto single = partition.rooms.find(room);
  if (single == partition.rooms.end() || single->second != State::kBound) return std::nullopt;
  return BindingKey{index, room};
}

void BindingPlan::drop(const RoomName& room) {
  const std::uint32_t index = partition_of(room);
  if (partitions_[index].wanted.erase(room) == 0) return;
  --wanted_;
  note_change(index);
}

void BindingPlan::note_change(std::uint32_t partition) {
  if (!std::exchange(partitions_[partition].changed, true)) changed_.push_back(partition);
}

BindingPlan::Changes BindingPlan::take_changes() {
  Changes out;
  for (const std::uint32_t index : std::exchange(changed_, {})) {
    partitions_[index].changed = false;
    plan(index, out);
  }
  return out;
}

void BindingPlan::plan(std::uint32_t index, Changes& out) {
  switch (partitions_[index].whole) {
    case State::kNone: return plan_rooms(index, out);
    case State::kAsked: return;  // its answer decides
    case State::kBound: return plan_whole(index, out);
  }
}

void BindingPlan::plan_rooms(std::uint32_t index, Changes& out) {
  Partition& partition = partitions_[index];
  unbind_rooms(index, partition, true, out);
  if (rooms_fit(partition)) return bind_missing_rooms(index, partition, out);
  partition.whole = State::kAsked;
  out.bind.push_back({index, {}});
}

void BindingPlan::plan_whole(std::uint32_t index, Changes& out) {
  Partition& partition = partitions_[index];
  // Once begun, going back is given up only when the rooms are too many again.
  const std::size_t limit = partition.dissolving ? max_room_bindings_ : max_room_bindings_ / 2;
  partition.dissolving = partition.wanted.size() <= limit;
  unbind_rooms(index, partition, partition.dissolving, out);
  if (!partition.dissolving) return;
  if (!all_rooms_bound(partition)) {
    if (rooms_fit(partition)) bind_missing_rooms(index, partition, out);
    return;
  }
  partition.dissolving = false;
  partition.whole = State::kNone;
  --whole_;
  out.unbind.push_back({index, {}});
}

/// A room that is not wanted any more counts until its bind is answered.
bool BindingPlan::rooms_fit(const Partition& partition) const {
  const auto missing =
      std::count_if(partition.wanted.begin(), partition.wanted.end(),
                    [&](const RoomName& room) { return !partition.rooms.contains(room); });
  return partition.rooms.size() + static_cast<std::size_t>(missing) <= max_room_bindings_;
}

void BindingPlan::bind_missing_rooms(std::uint32_t index, Partition& partition, Changes& out) {
  for (const RoomName& room : partition.wanted) {
    if (partition.rooms.try_emplace(room, State::kAsked).second) out.bind.push_back({index, room});
  }
}

/// A bind that is not answered yet stays: its answer could not be told from that of another bind of
/// the same room.
void BindingPlan::unbind_rooms(std::uint32_t index, Partition& partition, bool unwanted_only,
                               Changes& out) {
  for (auto entry = partition.rooms.begin(); entry != partition.rooms.end();) {
    const bool keep = entry->second == State::kAsked ||
                      (unwanted_only && partition.wanted.contains(entry->first));
    if (keep) {
      ++entry;
      continue;
    }
    out.unbind.push_back({index, entry->first});
    entry = partition.rooms.erase(entry);
  }
}

bool BindingPlan::all_rooms_bound(const Partition& partition) {
  return std::all_of(partition.wanted.begin(), partition.wanted.end(), [&](const RoomName& room) {
    const auto single = partition.rooms.find(room);
    return single != partition.rooms.end() && single->second == State::kBound;
  });
}

std::vector<RoomName> BindingPlan::bound(const std::vector<BindingKey>& keys) {
  std::vector<RoomName> heard;
  for (const BindingKey& key : keys) {
    Partition& partition = partitions_[key.partition];
    if (key.whole_partition()) {
      whole_bound(partition, heard);
    } else {
      room_bound(partition, key.room, heard);
    }
    note_change(key.partition);
  }
  return heard;
}

void BindingPlan::whole_bound(Partition& partition, std::vector<RoomName>& heard) {
  partition.whole = State::kBound;
  ++whole_;
  for (const RoomName& room : partition.wanted) {
    const auto single = partition.rooms.find(room);
    if (single == partition.rooms.end() || single->second != State::kBound) heard.push_back(room);
  }
}

void BindingPlan::room_bound(Partition& partition, const RoomName& room,
                             std::vector<RoomName>& heard) {
  partition.rooms[room] = State::kBound;
  if (partition.whole != State::kBound && partition.wanted.contains(room)) heard.push_back(room);
}

std::vector<RoomName> BindingPlan::failed(const std::vector<BindingKey>& keys) {
  std::vector<RoomName> lost;
  for (const BindingKey& key : keys) {
    Partition& partition = partitions_[key.partition];
    if (!key.whole_partition()) {
      partition.rooms.erase(key.room);
      // The whole partition is there, or may come yet.
      if (partition.whole == State::kNone) lose(partition, key.room, lost);
      continue;
    }
    partition.whole = State::kNone;
    for (const RoomName& room :
         std::vector<RoomName>(partition.wanted.begin(), partition.wanted.end())) {
      if (!partition.rooms.contains(room)) lose(partition, room, lost);
    }
  }
  return lost;
}

void BindingPlan::lose(Partition& partition, const RoomName& room, std::vector<RoomName>& lost) {
  if (partition.wanted.erase(room) == 0) return;
  --wanted_;
  lost.push_back(room);
}

}  // namespace stampede::gateway
