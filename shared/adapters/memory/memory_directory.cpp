// One mutex for all rooms: a position costs well under a microsecond here, and the callers are the
// shards of one process.
#include "shared/adapters/memory/memory_directory.h"

#include <algorithm>
#include <utility>

namespace stampede::memory {
namespace {

std::size_t size_of(const Message& message) {
  std::size_t bytes = sizeof(Message) + message.content_type.size() + message.body.size();
  for (const MessageHeader& header : message.headers) {
    bytes += header.name.size() + header.value.size();
  }
  return bytes;
}

/// A key is the sender's own: user ids have no control characters, so the parts cannot run
/// together.
std::string key_name(const Message& message) {
  return message.room.str() + '\n' + message.sender.str() + '\n' + message.key;
}

}  // namespace

MemoryRooms::Room& MemoryRooms::room(const RoomName& name) {
  const auto [at, fresh] = rooms_.try_emplace(name.str());
  if (fresh) {
    at->second.idle_since = clock_.now();
    expiring_rooms_.emplace_back(clock_.now() + limits_.idle_ttl, name.str());
  }
  return at->second;
}

Sequenced MemoryRooms::sequence(const SequenceRequest& request, const void* gateway) {
  const Message& message = *request.message;
  Room& in = room(message.room);
  if (in.members.empty()) in.idle_since = clock_.now();
  Sequenced out;
  out.remote = in.members_of.size() > (in.members_of.contains(gateway) ? 1U : 0U);
  if (!message.key.empty()) {
    const auto seen = keys_.find(key_name(message));
    if (seen != keys_.end()) {
      out.position = seen->second.position;
      out.duplicate = true;
      out.id = seen->second.id;
      return out;
    }
  }
  const Seq prev = std::max(in.last, request.floor);
  out.position = {std::max<Seq>(prev + 1, clock_.wall().count()), prev};
  in.last = out.position.seq;
  remember(in, with_position(message, out.position));
  if (!message.key.empty()) {
    const Clock::Instant expires = clock_.now() + limits_.key_ttl;
    keys_[key_name(message)] = {out.position, message.id, expires};
    expiring_keys_.emplace_back(expires, key_name(message));
  }
  return out;
}

void MemoryRooms::remember(Room& in, MessageRef message) {
  const std::size_t bytes = size_of(*message);
  in.recent.push_back({std::move(message), bytes});
  in.recent_bytes += bytes;
  while (in.recent.size() > limits_.recent_messages || in.recent_bytes > limits_.recent_bytes) {
    in.recent_bytes -= in.recent.front().bytes;
    in.recent.pop_front();
  }
}

Result<Seq> MemoryRooms::enter(Member member, const void* gateway,
                               std::vector<PresenceChange>& changes) {
  const RoomName name = member.room;
  const UserId user = member.user;
  Room& in = room(name);
  const bool again = in.members.contains(member.session);
  const auto known = in.users.find(user);
  if (!again) {
    const bool full = member.capacity > 0 && in.users.size() >= member.capacity;
    if (known == in.users.end() && full) return room_full(member);
    ++in.members_of[gateway];
    if (known != in.users.end()) {
      ++known->second.sessions;
      known->second.since_ms = std::min(known->second.since_ms, member.since_ms);
    } else {
      in.users.emplace(user, PresentUser{user, 1, member.since_ms});
      changes.push_back(change(in, name, user, true, gateway));
    }
  }
  const SessionId session = member.session;
  in.members.insert_or_assign(session, Entry{std::move(member), gateway});
  return in.last;
}

PresenceChange MemoryRooms::change(Room& room, const RoomName& name, const UserId& user,
                                   bool joined, const void* gateway) {
  const Seq prev = room.version;
  room.version = std::max<Seq>(prev + 1, clock_.wall().count());
  const bool remote = room.members_of.size() > (room.members_of.contains(gateway) ? 1U : 0U);
  return {name,  user, joined, static_cast<std::int64_t>(room.users.size()), {room.version, prev},
          remote};
}

void MemoryRooms::leave(const RoomName& name, const SessionId& session,
                        std::vector<PresenceChange>& changes) {
  const auto at = rooms_.find(name.str());
  if (at == rooms_.end()) return;
  Room& from = at->second;
  const auto found = from.members.find(session);
  if (found == from.members.end()) return;
  const void* const gateway = found->second.gateway;
  const auto count = from.members_of.find(gateway);
  if (--count->second == 0) from.members_of.erase(count);
  const auto user = from.users.find(found->second.member.user);
  if (--user->second.sessions == 0) {
    const UserId left = user->first;
    from.users.erase(user);
    changes.push_back(change(from, name, left, false, gateway));
  }
  from.members.erase(found);
  if (!from.members.empty()) return;
  from.idle_since = clock_.now();
  expiring_rooms_.emplace_back(clock_.now() + limits_.idle_ttl, name.str());
}

void MemoryRooms::leave_all(const void* gateway, std::vector<PresenceChange>& changes) {
  std::vector<std::pair<RoomName, SessionId>> gone;
  for (const auto& [name, in] : rooms_) {
    for (const auto& [session, entry] : in.members) {
      if (entry.gateway == gateway) gone.emplace_back(name, session);
    }
  }
  for (const auto& [name, session] : gone) leave(name, session, changes);
}

void MemoryRooms::expire() {
  const Clock::Instant now = clock_.now();
  while (!expiring_keys_.empty() && expiring_keys_.front().first <= now) {
    keys_.erase(expiring_keys_.front().second);
    expiring_keys_.pop_front();
  }
  while (!expiring_rooms_.empty() && expiring_rooms_.front().first <= now) {
    const std::string name = std::move(expiring_rooms_.front().second);
    expiring_rooms_.pop_front();
    const auto at = rooms_.find(name);
    // With members there is nothing to expire: the last leave queues the room again.
    if (at == rooms_.end() || !at->second.members.empty()) continue;
    const Clock::Instant expires = at->second.idle_since + limits_.idle_ttl;
    if (expires <= now) {
      rooms_.erase(at);
    } else {
      expiring_rooms_.emplace_back(expires, name);
    }
  }
}

MemoryDirectory::~MemoryDirectory() {
  const std::lock_guard lock(rooms_.mutex_);
  std::vector<PresenceChange> changes;
  rooms_.leave_all(this, changes);
}

void MemoryDirectory::tell(std::vector<PresenceChange> changes) {
  if (on_ == nullptr || changes.empty()) return;
  on_->post([news = news_, changes = std::move(changes)] { news(changes); });
}

void MemoryDirectory::sequence(std::vector<SequenceRequest> batch,
                               Reply<std::vector<Result<Sequenced>>> sequenced) {
  std::vector<Result<Sequenced>> out;
  out.reserve(batch.size());
  {
    const std::lock_guard lock(rooms_.mutex_);
    rooms_.expire();
    for (const SequenceRequest& request : batch) out.emplace_back(rooms_.sequence(request, this));
  }
  sequenced(std::move(out));
}

void MemoryDirectory::enter(std::vector<Member> members, Reply<std::vector<Result<Seq>>> entered) {
  std::vector<Result<Seq>> out;
  out.reserve(members.size());
  {
    const std::lock_guard lock(rooms_.mutex_);
    rooms_.expire();
    std::vector<PresenceChange> changes;
    for (Member& member : members) out.push_back(rooms_.enter(std::move(member), this, changes));
    tell(std::move(changes));
  }
  entered(std::move(out));
}

void MemoryDirectory::leave(std::vector<Member> members) {
  const std::lock_guard lock(rooms_.mutex_);
  std::vector<PresenceChange> changes;
  for (const Member& member : members) rooms_.leave(member.room, member.session, changes);
  tell(std::move(changes));
}

void MemoryDirectory::recent(RoomName room, Seq after, std::size_t limit,
                             Reply<Result<std::vector<MessageRef>>> found) {
  std::vector<MessageRef> out;
  {
    const std::lock_guard lock(rooms_.mutex_);
    const auto at = rooms_.rooms_.find(room.str());
    if (at != rooms_.rooms_.end()) {
      const auto& recent = at->second.recent;
      auto next = std::upper_bound(
          recent.begin(), recent.end(), after,
          [](Seq seq, const MemoryRooms::Recent& one) { return seq < one.message->position.seq; });
      const auto found_count = static_cast<std::size_t>(recent.end() - next);
      if (found_count > limit) next += static_cast<std::ptrdiff_t>(found_count - limit);
      for (; next != recent.end(); ++next) out.push_back(next->message);
    }
  }
  found(std::move(out));
}

void MemoryDirectory::last(std::vector<RoomName> rooms, Reply<Result<std::vector<Seq>>> found) {
  std::vector<Seq> out;
  out.reserve(rooms.size());
  {
    const std::lock_guard lock(rooms_.mutex_);
    for (const RoomName& room : rooms) {
      const auto at = rooms_.rooms_.find(room.str());
      out.push_back(at == rooms_.rooms_.end() ? kNoSeq : at->second.last);
    }
  }
  found(std::move(out));
}

void MemoryDirectory::rooms(RoomsQuery query, Reply<Result<std::vector<RoomSummary>>> found) {
  std::vector<RoomSummary> out;
  {
    const std::lock_guard lock(rooms_.mutex_);
    for (auto at = rooms_.rooms_.upper_bound(query.after);
         at != rooms_.rooms_.end() && out.size() < query.limit; ++at) {
      const MemoryRooms::Room& room = at->second;
      if (room.members.empty()) continue;
      out.push_back({RoomName(at->first), static_cast<std::int64_t>(room.members.size()), room.last,
                     static_cast<std::int64_t>(room.users.size())});
    }
  }
  found(std::move(out));
}

void MemoryDirectory::members(RoomName room, Reply<Result<std::vector<Member>>> found) {
  std::vector<Member> out;
  {
    const std::lock_guard lock(rooms_.mutex_);
    const auto at = rooms_.rooms_.find(room.str());
    if (at != rooms_.rooms_.end()) {
      for (const auto& [session, entry] : at->second.members) out.push_back(entry.member);
    }
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Member& a, const Member& b) { return a.since_ms < b.since_ms; });
  found(std::move(out));
}

void MemoryDirectory::watch_changes(Executor& on, News news) {
  const std::lock_guard lock(rooms_.mutex_);
  on_ = &on;
  news_ = std::move(news);
}

void MemoryDirectory::users(RoomName room, std::size_t limit, Reply<Result<RoomUsers>> found) {
  RoomUsers out;
  {
    const std::lock_guard lock(rooms_.mutex_);
    const auto at = rooms_.rooms_.find(room.str());
    if (at != rooms_.rooms_.end()) {
      const MemoryRooms::Room& in = at->second;
      out.count = static_cast<std::int64_t>(in.users.size());
      out.version = in.version;
      if (in.users.size() <= limit) {
        for (const auto& [user, present] : in.users) out.users.push_back(present);
      }
    }
  }
  std::stable_sort(
      out.users.begin(), out.users.end(),
      [](const PresentUser& a, const PresentUser& b) { return a.since_ms < b.since_ms; });
  found(std::move(out));
}

void MemoryDirectory::versions(std::vector<RoomName> rooms, Reply<Result<std::vector<Seq>>> found) {
  std::vector<Seq> out;
  {
    const std::lock_guard lock(rooms_.mutex_);
    for (const RoomName& room : rooms) {
      const auto at = rooms_.rooms_.find(room.str());
      out.push_back(at == rooms_.rooms_.end() ? kNoSeq : at->second.version);
    }
  }
  found(std::move(out));
}

/// Everybody goes with the process.
void MemoryDirectory::depart(Milliseconds, Reply<Result<void>> departed) {
  departed(Result<void>());
}

}  // namespace stampede::memory
