#include "shared/model/partition.h"

namespace stampede {

std::uint32_t partition_of(const RoomName& room) noexcept {
  std::uint32_t hash = 2166136261u;
  for (const char c : room.str()) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 16777619u;
  }
  return hash % kPartitions;
}

std::string routing_key(const RoomName& room) {
  const std::uint32_t partition = partition_of(room);
  std::string key;
  key.reserve(4 + room.str().size());
  key += static_cast<char>('0' + partition / 100);
  key += static_cast<char>('0' + partition / 10 % 10);
  key += static_cast<char>('0' + partition % 10);
  key += '.';
  key += room.str();
  return key;
}

std::uint32_t storage_queue_of(const RoomName& room) noexcept {
  return partition_of(room) % kStorageQueues;
}

}  // namespace stampede
