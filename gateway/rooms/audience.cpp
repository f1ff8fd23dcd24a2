#include "gateway/rooms/audience.h"

#include <algorithm>
#include <optional>

#include "gateway/session/frames.h"

namespace stampede::gateway {

void Subscriber::give(const MessageRef& message) {
  if (individual_) return deliver_individually(message);
  deliver(message_frame(version_, id_, *message));
}

void Audience::add(Subscriber& subscriber) {
  auto group = find(subscriber);
  if (group == groups_.end()) {
    group = groups_.insert(groups_.end(), Group{subscriber.version_,
                                                subscriber.individual_,
                                                subscriber.watches_presence_,
                                                subscriber.id_,
                                                {}});
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

std::size_t Audience::deliver(std::span<const MessageRef> messages) {
  if (messages.empty()) return 0;
  std::size_t count = 0;
  for (const Group& group : groups_) count += deliver_to(group, messages);
  return count;
}

std::size_t Audience::deliver_to_watchers(const MessageRef& message) {
  std::size_t count = 0;
  for (const Group& group : groups_) {
    if (group.watches_presence) count += deliver_to(group, {&message, 1});
  }
  return count;
}

std::size_t Audience::deliver_to(const Group& group, std::span<const MessageRef> messages) {
  if (group.individual) {
    for (Subscriber* member : group.members) {
      for (const MessageRef& message : messages) member->deliver_individually(message);
    }
  } else {
    const std::vector<Slice> frames = message_frames(group.version, group.id, messages);
    for (Subscriber* member : group.members) {
      for (const Slice& frame : frames) member->deliver(frame);
    }
  }
  return group.members.size() * messages.size();
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
           group.watches_presence == subscriber.watches_presence_ && group.id == subscriber.id_;
  });
}

}  // namespace stampede::gateway
