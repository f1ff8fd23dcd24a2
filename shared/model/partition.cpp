#include "shared/model/partition.h"

#include <string_view>

namespace stampede {
namespace {

/// Three digits, a dot, the rest.
std::string in_partition(std::uint32_t partition, std::string_view rest) {
  std::string key;
  key.reserve(4 + rest.size());
  key += static_cast<char>('0' + partition / 100);
  key += static_cast<char>('0' + partition / 10 % 10);
  key += static_cast<char>('0' + partition % 10);
  key += '.';
  key += rest;
  return key;
}

}  // namespace

std::uint32_t partition_of(const RoomName& room) noexcept {
  std::uint32_t hash = 2166136261u;
  for (const char c : room.str()) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 16777619u;
  }
  return hash % kPartitions;
}

std::string routing_key(const RoomName& room) {
  return in_partition(partition_of(room), room.str());
}

std::string routing_key(const GatewayId& gateway) { return "gateway." + gateway.str(); }

std::string all_gateways_key() { return "gateways"; }

std::uint32_t storage_queue_of(const RoomName& room) noexcept {
  return partition_of(room) % kStorageQueues;
}

BindingKey binding_of(const RoomName& room) { return {partition_of(room), room}; }

std::string topic_pattern(const BindingKey& key) {
  return in_partition(key.partition,
                      key.whole_partition() ? "#" : std::string_view(key.room.str()));
}

}  // namespace stampede
