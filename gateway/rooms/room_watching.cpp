// The registry's side of presence. Who begins to watch gets the users first, and then the changes
// that come after them; when changes were missed all who watch get the users again. The users are
// asked for once at a time and room, for all who wait for them.
#include <algorithm>
#include <utility>

#include "gateway/rooms/presence_messages.h"
#include "gateway/rooms/room_registry.h"

namespace stampede::gateway {

void RoomRegistry::watch(const RoomName& name, Room& room) {
  if (room.watching == nullptr) {
    room.watching = std::make_unique<Watching>(options_.presence);
    watched_.insert(name);
  }
  ++room.watching->watchers;
}

void RoomRegistry::unwatch(const RoomName& name, Room& room) {
  if (--room.watching->watchers > 0) return;
  room.watching.reset();
  watched_.erase(name);
}

void RoomRegistry::await_users(const RoomName& name, Room& room, Pending& pending, Seq last) {
  pending.entered = last;
  pending.entered_at = next_id_++;
  if (room.watching->asked == 0) ask_users(name, room);
}

void RoomRegistry::ask_users(const RoomName& name, Room& room) {
  const std::uint64_t asked = next_id_++;
  room.watching->asked = asked;
  presence_.users(name, options_.most_listed,
                  Reply<Result<RoomUsers>>(
                      on_, [this, name, id = room.id, asked](const Result<RoomUsers>& found) {
                        on_users(name, id, asked, found);
                      }));
}

void RoomRegistry::on_users(const RoomName& name, std::uint64_t id, std::uint64_t asked,
                            const Result<RoomUsers>& found) {
  Room* const room = find(name, id);
  // All who watched may have gone, and others come.
  if (room == nullptr || room->watching == nullptr || room->watching->asked != asked) return;
  room->watching->asked = 0;
  if (found) {
    const auto now_ms = std::chrono::duration_cast<Milliseconds>(clock_.wall()).count();
    const MessageRef told = members_message(name, *found, now_ms);
    learn_users(name, *room, *found, told);
    let_in(name, id, asked, told);
  } else {
    fail_waiting(name, id, asked, found.error());
  }
  Room* const still = find(name, id);
  if (still == nullptr || still->watching == nullptr) return;
  if (!found) follow_up(name, *still);  // who watches still needs them
  if (still->watching->asked != 0) return;
  const bool more = std::any_of(still->pending.begin(), still->pending.end(),
                                [](const auto& one) { return one.second.entered.has_value(); });
  if (more) ask_users(name, *still);
}

void RoomRegistry::learn_users(const RoomName& name, Room& room, const RoomUsers& users,
                               const MessageRef& told) {
  RoomPresence& presence = room.watching->presence;
  const bool refreshes = presence.stale();
  const bool listed = std::cmp_equal(users.users.size(), users.count);
  std::vector<MessageRef> events;
  if (refreshes || !presence.is_open()) {
    presence.open(users.version, listed, clock_.now(), events);
  } else if (users.version < presence.version()) {
    presence.set_stale();  // who comes now would not learn of the changes since then
  }
  if (refreshes) {
    presence_refreshes_.add();
    tell_watchers(room, {told});
  }
  tell_watchers(room, events);
  follow_up(name, room);
}

/// The next of those who had entered before the users were asked for. Whatever one of them does
/// when it is live or has failed, the room may be another one after it; who comes then has a later
/// ticket.
std::map<std::uint64_t, RoomRegistry::Pending>::iterator RoomRegistry::next_waiting(
    Room& room, std::uint64_t asked, std::uint64_t after) {
  return std::find_if(room.pending.upper_bound(after), room.pending.end(), [&](const auto& one) {
    return one.second.entered.has_value() && one.second.entered_at < asked;
  });
}

void RoomRegistry::let_in(const RoomName& name, std::uint64_t id, std::uint64_t asked,
                          const MessageRef& told) {
  std::uint64_t after = 0;
  while (Room* const room = find(name, id)) {
    const auto waiting = next_waiting(*room, asked, after);
    if (waiting == room->pending.end()) return;
    after = waiting->first;
    const Pending entered = std::move(waiting->second);
    room->pending.erase(waiting);
    presence_events_.add();
    entered.subscriber->give(told);
    go_live(*room, entered, *entered.entered);
  }
}

void RoomRegistry::fail_waiting(const RoomName& name, std::uint64_t id, std::uint64_t asked,
                                const Error& error) {
  std::uint64_t after = 0;
  while (Room* const room = find(name, id)) {
    const auto waiting = next_waiting(*room, asked, after);
    if (waiting == room->pending.end()) return;
    after = waiting->first;
    fail(name, *room, after, error);
  }
}

void RoomRegistry::on_presence(const RoomName& name, Room& room, MessageRef event) {
  if (room.watching == nullptr) return;
  std::vector<MessageRef> events;
  room.watching->presence.offer(std::move(event), clock_.now(), events);
  tell_watchers(room, events);
  follow_up(name, room);
}

void RoomRegistry::tell_watchers(Room& room, const std::vector<MessageRef>& events) {
  std::size_t count = 0;
  for (const MessageRef& event : events) {
    count += room.audience.deliver_to_watchers(event);
    if (room.catch_up != nullptr) count += room.catch_up->deliver_to_watchers(event);
  }
  if (count > 0) presence_events_.add(static_cast<double>(count));
}

/// Sees to it that what has to happen later does.
void RoomRegistry::follow_up(const RoomName& name, Room& room) {
  Watching& watching = *room.watching;
  const auto now = clock_.now();
  const auto wait_until = [now](Clock::Instant when) {
    return std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(when - now));
  };
  const auto next = watching.presence.next_tick();
  if (next && !std::exchange(watching.tick_scheduled, true)) {
    on_.post_after(wait_until(*next), [this, name, id = room.id] {
      Room* const later = find(name, id);
      if (later == nullptr || later->watching == nullptr) return;
      later->watching->tick_scheduled = false;
      std::vector<MessageRef> events;
      later->watching->presence.tick(clock_.now(), events);
      tell_watchers(*later, events);
      follow_up(name, *later);
    });
  }
  if (!watching.presence.stale() || std::exchange(watching.refresh_scheduled, true)) return;
  const auto when = std::max(now, watching.refresh_not_before);
  watching.refresh_not_before = when + options_.presence_pause;
  on_.post_after(wait_until(when), [this, name, id = room.id] {
    Room* const later = find(name, id);
    if (later == nullptr || later->watching == nullptr) return;
    later->watching->refresh_scheduled = false;
    if (later->watching->presence.stale() && later->watching->asked == 0) ask_users(name, *later);
  });
}

/// An event that got lost has no successor to show it, as with messages. Watched rooms have turns
/// of their own: they are few beside the others, and are shown wrong until theirs has come.
void RoomRegistry::compare_versions() {
  if (watched_to_compare_.empty()) watched_to_compare_.assign(watched_.begin(), watched_.end());
  std::vector<RoomName> names;
  while (!watched_to_compare_.empty() && names.size() < options_.check_rooms) {
    RoomName name = std::move(watched_to_compare_.back());
    watched_to_compare_.pop_back();
    const auto entry = rooms_.find(name);
    if (entry == rooms_.end() || entry->second.watching == nullptr) continue;
    if (entry->second.watching->presence.is_open()) names.push_back(std::move(name));
  }
  if (names.empty()) return;
  comparing_versions_ = true;
  const auto asked = std::make_shared<const std::vector<RoomName>>(names);
  presence_.versions(
      std::move(names),
      Reply<Result<std::vector<Seq>>>(on_, [this, asked](const Result<std::vector<Seq>>& versions) {
        comparing_versions_ = false;
        on_versions(*asked, versions);
      }));
}

void RoomRegistry::on_versions(const std::vector<RoomName>& names,
                               const Result<std::vector<Seq>>& versions) {
  if (!versions) return;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto entry = rooms_.find(names[i]);
    if (entry == rooms_.end() || entry->second.watching == nullptr) continue;
    entry->second.watching->presence.expect((*versions)[i], clock_.now());
    follow_up(entry->first, entry->second);
  }
}

}  // namespace stampede::gateway
