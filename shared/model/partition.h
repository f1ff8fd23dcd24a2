#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "shared/base/ids.h"

namespace stampede {

/// Rooms are spread over this many partitions; the routing key of a room's messages is
/// `<partition>.<room>`. Part of the wire protocol between gateways: changing it needs a restart of
/// all at once.
inline constexpr std::uint32_t kPartitions = 256;
/// Storage queues, one per group of partitions (`partition % kStorageQueues`). A constant and not a
/// setting, because gateways and workers that disagree would leave queues unread.
inline constexpr std::uint32_t kStorageQueues = 4;

/// FNV-1a, 32 bits (draft-eastlake-fnv-17 section 2), modulo kPartitions.
std::uint32_t partition_of(const RoomName& room) noexcept;
/// `partition_of(room)` in three digits, a dot, the room.
std::string routing_key(const RoomName& room);
/// Under which a gateway hears what is for it alone. Begins with no number, so that no room's key
/// can be the same. Gateway names have no wildcard in them.
std::string routing_key(const GatewayId& gateway);
/// Under which every gateway hears what is for all of them.
std::string all_gateways_key();
/// Index of the storage queue, from 0.
std::uint32_t storage_queue_of(const RoomName& room) noexcept;

/// Which live messages a gateway asks the broker for: those of one room, or of all rooms of a
/// partition.
struct BindingKey {
  std::uint32_t partition = 0;
  RoomName room;  ///< empty: every room of the partition

  [[nodiscard]] bool whole_partition() const noexcept { return room.empty(); }
  friend bool operator==(const BindingKey&, const BindingKey&) = default;
  friend auto operator<=>(const BindingKey&, const BindingKey&) = default;
};

BindingKey binding_of(const RoomName& room);
/// The topic pattern over routing keys: `<partition>.<room>` or `<partition>.#`. No room name has
/// a wildcard in it.
std::string topic_pattern(const BindingKey& key);

}  // namespace stampede

template <>
struct std::hash<stampede::BindingKey> {
  std::size_t operator()(const stampede::BindingKey& key) const noexcept {
    // A room is in one partition only, so its name says it all.
    return key.whole_partition() ? key.partition : std::hash<stampede::RoomName>{}(key.room);
  }
};
