// The chain of versions orders events as positions order messages, but nothing that is missing is
// looked for: the users themselves say it all, and are few or only counted.
#include "gateway/rooms/room_presence.h"

#include <algorithm>
#include <utility>

#include "gateway/rooms/presence_messages.h"

namespace stampede::gateway {

void RoomPresence::open(Seq version, bool listed, Clock::Instant now, Events& out) {
  if (went_back(version)) order_ = {};
  stale_ = version < order_.last();
  counting_ = !listed;
  count_.reset();
  Events released;
  order_.open(version, released);
  tell(released, now, out);
}

void RoomPresence::offer(MessageRef event, Clock::Instant now, Events& out) {
  Events released;
  order_.offer(std::move(event), now, released);
  tell(released, now, out);
}

void RoomPresence::tell(const Events& events, Clock::Instant now, Events& out) {
  for (const MessageRef& event : events) {
    if (is_count(*event)) {
      counting_ = true;
      count_ = event;
    } else if (counting_) {
      stale_ = true;  // few enough again to be listed, and the watchers have no list
    } else {
      out.push_back(event);
    }
  }
  if (count_ == nullptr || now < next_count_) return;
  out.push_back(std::exchange(count_, nullptr));
  next_count_ = now + options_.count_interval;
}

void RoomPresence::tick(Clock::Instant now, Events& out) {
  const auto since = behind_since();
  if (since && now - *since >= options_.reorder_window) {
    stale_ = true;
    target_ = kNoSeq;
    Events released;
    while (order_.skip_gap(released)) {
    }
    tell(released, now, out);
  } else {
    tell({}, now, out);
  }
}

std::optional<Clock::Instant> RoomPresence::next_tick() const noexcept {
  std::optional<Clock::Instant> next;
  if (const auto since = behind_since()) next = *since + options_.reorder_window;
  if (count_ != nullptr) next = next ? std::min(*next, next_count_) : next_count_;
  return next;
}

void RoomPresence::expect(Seq version, Clock::Instant now) noexcept {
  if (went_back(version)) {
    order_ = {};
    target_ = kNoSeq;
    stale_ = true;
    return;
  }
  if (version <= order_.highest()) return;
  target_ = version;
  target_since_ = now;
}

/// Events may overtake one answer, but the next one knows of them.
bool RoomPresence::went_back(Seq version) noexcept {
  const bool behind = version != kNoSeq && version < order_.last();
  const bool again = behind && version < overtaken_;
  overtaken_ = behind && !again ? order_.last() : kNoSeq;
  return again;
}

std::optional<Clock::Instant> RoomPresence::behind_since() const noexcept {
  if (const auto waiting = order_.waiting_since()) return waiting;
  if (target_ > order_.last()) return target_since_;
  return std::nullopt;
}

}  // namespace stampede::gateway
