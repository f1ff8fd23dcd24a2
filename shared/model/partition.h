#pragma once

#include <cstdint>
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
/// Index of the storage queue, from 0.
std::uint32_t storage_queue_of(const RoomName& room) noexcept;

}  // namespace stampede
