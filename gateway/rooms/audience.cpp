#include "gateway/rooms/audience.h"

#include <algorithm>
#include <optional>

#include "gateway/session/frames.h"

namespace stampede::gateway {

void Audience::add(Subscriber& subscriber) {
  auto group = find(subscriber);
  if (group == groups_.end()) {
    group = groups_.insert(groups_.end(),
                           Group{subscriber.version_, subscriber.individual_, subscriber.id_, {}});
  }
  subscriber.slot_ = group->members.size();
  group->members.push_back(&subscriber);
}

void Audience::remove(Subscriber& subscriber) {
  const auto group = find(subscriber);
  if (group == groups_.end()) return;
  Subscriber* const last = group->members.back();
  group->members[subscriber.slot_] = last;
  last->slot_ = subscriber.slot_;
  group->members.pop_back();
  if (!group->members.empty()) return;
  std::swap(*group, groups_.back());
  groups_.pop_back();
}

std::size_t Audience::deliver(const MessageRef& message) {
  std::size_t count = 0;
  for (const Group& group : groups_) {
    count += group.members.size();
    if (group.individual) {
      for (Subscriber* member : group.members) member->deliver_individually(message);
      continue;
    }
    const Slice frame = message_frame(group.version, group.id, *message);
    for (Subscriber* member : group.members) member->deliver(frame);
  }
  return count;
}

std::size_t Audience::deliver_where_room(const MessageRef& message) {
  std::size_t count = 0;
  for (const Group& group : groups_) {
    std::optional<Slice> frame;
    for (Subscriber* member : group.members) {
      if (!member->has_room()) continue;
      ++count;
      if (group.individual) {
        member->deliver_individually(message);
        continue;
      }
      if (!frame) frame = message_frame(group.version, group.id, *message);
      member->deliver(*frame);
    }
  }
  return count;
}

std::size_t Audience::size() const noexcept {
  std::size_t count = 0;
  for (const Group& group : groups_) count += group.members.size();
  return count;
}

std::vector<Audience::Group>::iterator Audience::find(const Subscriber& subscriber) {
  return std::find_if(groups_.begin(), groups_.end(), [&](const Group& group) {
    return group.version == subscriber.version_ && group.individual == subscriber.individual_ &&
           group.id == subscriber.id_;
  });
}

}  // namespace stampede::gateway
