#include "gateway/rooms/room_ring.h"

#include <algorithm>

namespace stampede::gateway {
namespace {

std::size_t size_of(const Message& message) {
  std::size_t bytes = sizeof(Message) + message.content_type.size() + message.body.size();
  for (const MessageHeader& header : message.headers) {
    bytes += sizeof header + header.name.size() + header.value.size();
  }
  return bytes;
}

}  // namespace

void RoomRing::restart(Seq from) {
  messages_.clear();
  bytes_ = 0;
  from_ = from;
}

void RoomRing::append(const MessageRef& message) {
  if (message->position.seq == kNoSeq) return;
  messages_.push_back(message);
  bytes_ += size_of(*message);
  trim();
}

void RoomRing::prepend(const std::vector<MessageRef>& found, Seq from) {
  const auto end = std::upper_bound(
      found.begin(), found.end(), from_,
      [](Seq seq, const MessageRef& message) { return seq < message->position.seq; });
  if (end == found.begin() || (*std::prev(end))->position.seq != from_) return;
  stretched_ = true;
  from_ = from;
  for (auto next = found.begin(); next != end; ++next) bytes_ += size_of(**next);
  messages_.insert(messages_.begin(), found.begin(), end);
  trim();
}

void RoomRing::settle() {
  stretched_ = false;
  trim();
}

RoomRing::Messages::const_iterator RoomRing::after(Seq since) const noexcept {
  return std::upper_bound(
      messages_.begin(), messages_.end(), since,
      [](Seq seq, const MessageRef& message) { return seq < message->position.seq; });
}

/// Some more than the limit may gather, so that the front is not moved for each message.
void RoomRing::trim() {
  const std::size_t stretch = stretched_ ? kStretch : 1;
  const std::size_t most = limits_.messages * stretch;
  const std::size_t most_bytes = limits_.bytes * stretch;
  if (messages_.size() <= most + most / 4 && bytes_ <= most_bytes) return;
  auto kept = messages_.begin();
  while (kept != messages_.end() &&
         (static_cast<std::size_t>(messages_.end() - kept) > most || bytes_ > most_bytes)) {
    from_ = (*kept)->position.seq;
    bytes_ -= size_of(**kept);
    ++kept;
  }
  messages_.erase(messages_.begin(), kept);
}

}  // namespace stampede::gateway
