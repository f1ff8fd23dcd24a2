#include "gateway/rooms/local_fanout.h"

#include <cassert>

namespace stampede::gateway {

ShardIndex LocalFanout::attach(Executor& executor, Deliver deliver) {
  assert(shards_.size() < kMaxShards);
  shards_.push_back({&executor, std::move(deliver)});
  return shards_.size() - 1;
}

void LocalFanout::attach_addressed(ShardIndex shard, Deliver take) {
  shards_.at(shard).take = std::move(take);
}

void LocalFanout::deliver_addressed(const std::vector<MessageRef>& batch,
                                    std::optional<ShardIndex> except) {
  for (ShardIndex shard = 0; shard < shards_.size(); ++shard) {
    const Shard& target = shards_[shard];
    if (shard == except || !target.take) continue;
    target.executor->post([&target, batch] { target.take(batch); });
  }
}

void LocalFanout::set_interest(ShardIndex shard, std::uint32_t partition,
                               bool interested) noexcept {
  const std::uint64_t bit = std::uint64_t{1} << shard;
  if (interested) {
    interest_[partition].fetch_or(bit);
  } else {
    interest_[partition].fetch_and(~bit);
  }
}

void LocalFanout::deliver(const std::vector<MessageRef>& batch, ShardIndex except) {
  for (ShardIndex shard = 0; shard < shards_.size(); ++shard) {
    if (shard == except) continue;
    std::vector<MessageRef> wanted;
    for (const MessageRef& message : batch) {
      const std::uint64_t mask = interest_[partition_of(message->room)].load();
      if ((mask >> shard & 1) != 0) wanted.push_back(message);
    }
    if (!wanted.empty()) deliver_to(shard, std::move(wanted));
  }
}

void LocalFanout::deliver_to(ShardIndex shard, std::vector<MessageRef> batch) {
  const Shard& target = shards_[shard];
  target.executor->post(
      [&target, batch = std::move(batch)]() mutable { target.deliver(std::move(batch)); });
}

}  // namespace stampede::gateway
