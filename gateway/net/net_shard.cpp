#include "gateway/net/net_shard.h"

#include <utility>

namespace stampede::gateway {
namespace {

constexpr std::size_t kReadBufferBytes = 64 * 1024;

}  // namespace

NetShard::NetShard(Loop& loop, TimerWheel& wheel, const NetOptions& options,
                   ConnectionBudget& budget, Metrics& metrics)
    : loop_(loop),
      wheel_(wheel),
      options_(options),
      budget_(budget),
      metrics_(metrics),
      read_buffer_(std::make_unique<char[]>(kReadBufferBytes)),
      flush_queue_(loop.context(), [this] { publish_counts(); }) {}

NetShard::~NetShard() {
  metrics_.connections.add(-static_cast<double>(open_));
  for (; open_ > 0; --open_) budget_.give_back();
  while (!members_.empty()) {
    Member& member = members_.front();
    members_.pop_front();
    member.abandon();
  }
}

void NetShard::shut_down() {
  for (Member& member : members_) member.shut_down();
}

void NetShard::enter(Member& member) {
  members_.push_back(member);
  ++open_;
  metrics_.accepted.add();
  metrics_.connections.add(1);
}

void NetShard::count_end(CloseReason reason) {
  --open_;
  budget_.give_back();
  metrics_.connections.add(-1);
  metrics_.closed(reason).add();
}

void NetShard::count_write(std::size_t bytes) noexcept {
  ++writes_;
  written_bytes_ += bytes;
}

void NetShard::publish_counts() {
  if (writes_ > 0) metrics_.write_calls.add(static_cast<double>(std::exchange(writes_, 0)));
  if (written_bytes_ > 0) {
    metrics_.sent_bytes.add(static_cast<double>(std::exchange(written_bytes_, 0)));
  }
  if (flushes_ > 0) metrics_.flushes.add(static_cast<double>(std::exchange(flushes_, 0)));
}

std::span<char> NetShard::read_buffer() noexcept { return {read_buffer_.get(), kReadBufferBytes}; }

}  // namespace stampede::gateway
