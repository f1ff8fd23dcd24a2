#include "gateway/net/net_shard.h"

#include <utility>

namespace stampede::gateway {
namespace {

constexpr std::size_t kReadBufferBytes = 64 * 1024;

std::size_t index(Framing framing) noexcept { return static_cast<std::size_t>(framing); }

}  // namespace

NetShard::NetShard(Loop& loop, TimerWheel& wheel, const NetOptions& options,
                   ConnectionBudget& budget, Metrics& metrics)
    : loop_(loop),
      wheel_(wheel),
      options_(options),
      budget_(budget),
      metrics_(metrics),
      read_buffer_(std::make_unique<char[]>(kReadBufferBytes)),
      deflater_(options_.deflate, metrics_),
      flush_queue_(loop.context(), [this] { publish_counts(); }) {}

NetShard::~NetShard() {
  for (const Framing framing : {Framing::kWebSocket, Framing::kStomp}) {
    std::size_t& open = open_[index(framing)];
    metrics_.transport(framing).connections.add(-static_cast<double>(open));
    for (; open > 0; --open) budget_.give_back();
  }
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
  ++open_[index(member.framing())];
  const NetMetrics::Transport& counted = metrics_.transport(member.framing());
  counted.accepted.add();
  counted.connections.add(1);
}

void NetShard::count_end(const Member& member, CloseReason reason) {
  --open_[index(member.framing())];
  budget_.give_back();
  metrics_.transport(member.framing()).connections.add(-1);
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
