#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "shared/base/executor.h"
#include "shared/model/message.h"
#include "shared/model/partition.h"

namespace stampede::gateway {

/// A shard of this process, counted from 0.
using ShardIndex = std::size_t;
inline constexpr ShardIndex kMaxShards = 64;
/// As the one that is left out: none is.
inline constexpr ShardIndex kNoShard = kMaxShards;

/// The gateway's shards as places to deliver to. Attach all before the first delivery; after that
/// everything may be called from any thread. Outlives the shards' tasks.
class LocalFanout {
 public:
  /// Runs on the shard's executor.
  using Deliver = std::function<void(std::vector<MessageRef>)>;

  /// Returns the shard's index.
  ShardIndex attach(Executor& executor, Deliver deliver);
  /// What is for the gateway itself and not for a room goes to `take`, on the shard's executor.
  void attach_addressed(ShardIndex shard, Deliver take);

  /// Whether the shard has rooms in the partition. Set it before a room's first member enters the
  /// directory: whatever is sequenced after that looks here.
  void set_interest(ShardIndex shard, std::uint32_t partition, bool interested) noexcept;

  /// Posts the messages to every shard but `except` that has rooms in their partitions: one post a
  /// shard, in the order given. A shard drops what it has no room for.
  void deliver(const std::vector<MessageRef>& batch, ShardIndex except);
  /// Posts what is for the gateway itself to every shard but `except`.
  void deliver_addressed(const std::vector<MessageRef>& batch,
                         std::optional<ShardIndex> except = std::nullopt);
  /// One post to one shard.
  void deliver_to(ShardIndex shard, std::vector<MessageRef> batch);

 private:
  struct Shard {
    Executor* executor;
    Deliver deliver;
    Deliver take{};
  };

  std::vector<Shard> shards_;
  /// One bit a shard. Checking a partition instead of a room keeps this free of locks.
  std::array<std::atomic<std::uint64_t>, kPartitions> interest_{};
};

}  // namespace stampede::gateway
