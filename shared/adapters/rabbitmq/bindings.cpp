// The set of wanted rooms outlives every queue; only what is wanted now is bound to the next one.
#include "shared/adapters/rabbitmq/bindings.h"

#include <algorithm>

namespace stampede::rabbitmq {

std::vector<RoomName> Bindings::request(std::vector<RoomName> rooms, Bound bound,
                                        Clock::Instant now) {
  std::vector<RoomName> to_bind;
  Barrier needed = 0;
  for (const RoomName& name : rooms) {
    Room& room = rooms_[name];
    ++room.waiting;
    if (up_ && room.barrier == kNever) {
      room.barrier = sent_ + 1;
      to_bind.push_back(name);
    }
    needed = std::max(needed, room.barrier);
  }
  if (!to_bind.empty()) ++sent_;
  if (!up_ && !rooms.empty()) needed = kNever;
  Request request{std::move(rooms), std::move(bound), needed, now};
  if (needed <= passed_) {
    answer(request, {});
  } else {
    requests_.push_back(std::move(request));
  }
  return to_bind;
}

std::vector<RoomName> Bindings::remove(const std::vector<RoomName>& rooms) {
  std::vector<RoomName> to_unbind;
  for (const RoomName& name : rooms) {
    const auto found = rooms_.find(name);
    if (found == rooms_.end()) continue;
    if (found->second.barrier != kNever) to_unbind.push_back(name);
    rooms_.erase(found);
  }
  return to_unbind;
}

std::vector<RoomName> Bindings::queue_up() {
  up_ = true;
  std::vector<RoomName> to_bind;
  to_bind.reserve(rooms_.size());
  ++sent_;
  for (auto& [name, room] : rooms_) {
    room.barrier = sent_;
    to_bind.push_back(name);
  }
  for (Request& request : requests_) request.barrier = sent_;
  return to_bind;
}

void Bindings::queue_down() {
  up_ = false;
  passed_ = sent_;
  for (auto& [name, room] : rooms_) room.barrier = kNever;
  for (Request& request : requests_) request.barrier = kNever;
}

void Bindings::barrier_passed() {
  ++passed_;
  while (!requests_.empty() && requests_.front().barrier <= passed_) {
    Request request = std::move(requests_.front());
    requests_.pop_front();
    answer(request, {});
  }
}

std::vector<RoomName> Bindings::expire(Clock::Instant deadline, const std::string& why) {
  std::vector<RoomName> to_unbind;
  while (!requests_.empty() && requests_.front().since < deadline) {
    Request request = std::move(requests_.front());
    requests_.pop_front();
    answer(request, Error(Errc::kUnavailable, why));
    for (const RoomName& name : request.rooms) {
      const auto found = rooms_.find(name);
      if (found == rooms_.end()) continue;
      if (found->second.waiting > 0 || found->second.ever_bound) continue;
      if (found->second.barrier != kNever) to_unbind.push_back(name);
      rooms_.erase(found);
    }
  }
  return to_unbind;
}

void Bindings::cancel_all(const Error& error) {
  while (!requests_.empty()) {
    Request request = std::move(requests_.front());
    requests_.pop_front();
    answer(request, error);
  }
}

void Bindings::answer(Request& request, Result<void> outcome) {
  for (const RoomName& name : request.rooms) {
    const auto found = rooms_.find(name);
    if (found == rooms_.end()) continue;
    if (found->second.waiting > 0) --found->second.waiting;
    if (outcome) found->second.ever_bound = true;
  }
  request.bound(std::move(outcome));
}

}  // namespace stampede::rabbitmq
