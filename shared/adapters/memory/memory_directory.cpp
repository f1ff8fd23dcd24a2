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

void MemoryRooms::leave(const RoomName& name, const SessionId& session) {
  const auto at = rooms_.find(name.str());
  if (at == rooms_.end()) return;
  Room& from = at->second;
  const auto found = from.members.find(session);
  if (found == from.members.end()) return;
  const auto count = from.members_of.find(found->second.gateway);
  if (--count->second == 0) from.members_of.erase(count);
  from.members.erase(found);
  if (!from.members.empty()) return;
  from.idle_since = clock_.now();
  expiring_rooms_.emplace_back(clock_.now() + limits_.idle_ttl, name.str());
}

void MemoryRooms::leave_all(const void* gateway) {
  std::vector<std::pair<RoomName, SessionId>> gone;
  for (const auto& [name, in] : rooms_) {
    for (const auto& [session, entry] : in.members) {
      if (entry.gateway == gateway) gone.emplace_back(name, session);
    }
  }
  for (const auto& [name, session] : gone) leave(name, session);
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
  rooms_.leave_all(this);
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

void MemoryDirectory::enter(std::vector<Member> members, Reply<Result<std::vector<Seq>>> entered) {
  std::vector<Seq> out;
  out.reserve(members.size());
  {
    const std::lock_guard lock(rooms_.mutex_);
    rooms_.expire();
    for (Member& member : members) {
      MemoryRooms::Room& room = rooms_.room(member.room);
      out.push_back(room.last);
      const SessionId session = member.session;
      const bool fresh =
          room.members.insert_or_assign(session, MemoryRooms::Entry{std::move(member), this})
              .second;
      if (fresh) ++room.members_of[this];
    }
  }
  entered(std::move(out));
}

void MemoryDirectory::leave(std::vector<Member> members) {
  const std::lock_guard lock(rooms_.mutex_);
  for (const Member& member : members) rooms_.leave(member.room, member.session);
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
      out.push_back(
          {RoomName(at->first), static_cast<std::int64_t>(room.members.size()), room.last});
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

}  // namespace stampede::memory
