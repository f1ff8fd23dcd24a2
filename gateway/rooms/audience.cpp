#include "gateway/rooms/audience.h"

#include <algorithm>
#include <optional>

#include "gateway/session/frames.h"
#include "shared/base/prefetch.h"

namespace stampede::gateway {
namespace {

/// Members, of what memory takes to answer.
constexpr std::size_t kAhead = 4;

}  // namespace

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
  group->members.push_back({&subscriber.sink_, &subscriber});
}

void Audience::remove(Subscriber& subscriber) {
  const auto group = find(subscriber);
  if (group == groups_.end()) return;
  const Place last = group->members.back();
  group->members[subscriber.slot_] = last;
  last.who->slot_ = subscriber.slot_;
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
    for (const Place& member : group.members) {
      for (const MessageRef& message : messages) member.who->deliver_individually(message);
    }
  } else {
    const std::vector<Slice> frames = message_frames(group.version, group.id, messages);
    for (std::size_t i = 0; i < group.members.size(); ++i) {
      if (i + kAhead < group.members.size()) {
        prefetch<FrameSink::kCacheLines>(group.members[i + kAhead].to);
      }
      for (const Slice& frame : frames) group.members[i].to->send(frame);
    }
  }
  return group.members.size() * messages.size();
}

std::size_t Audience::deliver_where_room(const MessageRef& message) {
  std::size_t count = 0;
  for (const Group& group : groups_) {
    std::optional<Slice> frame;
    for (const Place& member : group.members) {
      if (!member.who->has_room()) continue;
      ++count;
      if (group.individual) {
        member.who->deliver_individually(message);
        continue;
      }
      if (!frame) frame = message_frame(group.version, group.id, *message);
      member.to->send(*frame);
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
