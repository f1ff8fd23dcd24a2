// Two gateways' messages reach a third over two paths, so they arrive in any order; the chain that
// the directory gave them says which order is right and whether one is missing.
#include "gateway/rooms/room_order.h"

#include <algorithm>

namespace stampede::gateway {

void RoomOrder::open(Seq last, std::vector<MessageRef>& out) {
  open_ = true;
  last_ = std::max(last_, last);
  held_.erase(held_.begin(), held_.upper_bound(last_));
  release(out);
}

RoomOrder::Verdict RoomOrder::offer(MessageRef message, Clock::Instant now,
                                    std::vector<MessageRef>& out) {
  const Position position = message->position;
  if (position.seq == kNoSeq) {
    out.push_back(std::move(message));
    return Verdict::kUnsequenced;
  }
  if (position.seq <= last_) return Verdict::kStale;
  // prev <= last: everything before it is delivered. prev may lie below last where the directory
  // lost its memory and the chain starts anew; nothing is missing then either.
  if (open_ && position.prev <= last_) {
    // Held ones that this chain does not know of come from the chain before it; order and
    // completeness both want them first.
    while (!held_.empty() && held_.begin()->first < position.seq) deliver_first_held(out);
    deliver(std::move(message), out);
    release(out);
    progressed_ = now;
    return Verdict::kDelivered;
  }
  const bool added = held_.emplace(position.seq, Early{std::move(message), now}).second;
  return added ? Verdict::kHeld : Verdict::kStale;
}

Seq RoomOrder::highest() const noexcept {
  return held_.empty() ? last_ : std::max(last_, held_.rbegin()->first);
}

Seq RoomOrder::awaited() const noexcept {
  return held_.empty() ? kNoSeq : held_.begin()->second.message->position.prev;
}

std::optional<Clock::Instant> RoomOrder::waiting_since() const noexcept {
  if (!open_ || held_.empty()) return std::nullopt;
  Clock::Instant first = held_.begin()->second.since;
  for (const auto& [seq, early] : held_) first = std::min(first, early.since);
  return first;
}

bool RoomOrder::skip_gap(std::vector<MessageRef>& out) {
  if (!open_ || held_.empty()) return false;
  deliver_first_held(out);
  release(out);
  return true;
}

void RoomOrder::deliver(MessageRef message, std::vector<MessageRef>& out) {
  last_ = message->position.seq;
  out.push_back(std::move(message));
}

void RoomOrder::release(std::vector<MessageRef>& out) {
  while (!held_.empty() && held_.begin()->second.message->position.prev <= last_) {
    deliver_first_held(out);
  }
}

void RoomOrder::deliver_first_held(std::vector<MessageRef>& out) {
  auto first = held_.extract(held_.begin());
  deliver(std::move(first.mapped().message), out);
}

}  // namespace stampede::gateway
