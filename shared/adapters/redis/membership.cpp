#include "shared/adapters/redis/membership.h"

namespace stampede::redis {

void Membership::enter(const Member& member) {
  auto& sessions = rooms_[member.room];
  const auto known = sessions.find(member.session);
  const bool within = known != sessions.end() && !known->second.provisional;
  sessions.insert_or_assign(member.session,
                            Entry{member.user, member.since_ms, member.capacity > 0 && !within});
}

void Membership::let_in(const Member& member) {
  const auto room = rooms_.find(member.room);
  if (room == rooms_.end()) return;
  const auto session = room->second.find(member.session);
  if (session != room->second.end()) session->second.provisional = false;
}

bool Membership::leave(const Member& member) {
  const auto room = rooms_.find(member.room);
  if (room == rooms_.end() || room->second.erase(member.session) == 0) return false;
  if (room->second.empty()) rooms_.erase(room);
  return true;
}

bool Membership::has(const RoomName& room, const SessionId& session) const {
  const auto found = rooms_.find(room);
  return found != rooms_.end() && found->second.contains(session);
}

std::vector<Member> Membership::all() const {
  std::vector<Member> out;
  for (const auto& [room, sessions] : rooms_) {
    for (const auto& [session, entry] : sessions) {
      if (!entry.provisional) out.push_back({room, session, entry.user, entry.since_ms});
    }
  }
  return out;
}

std::vector<RoomGroup> group_by_room(std::size_t count, std::size_t limit,
                                     const std::function<const RoomName&(std::size_t)>& room_of) {
  std::vector<RoomGroup> out;
  std::unordered_map<RoomName, std::size_t> open;  // room -> its last group
  for (std::size_t i = 0; i < count; ++i) {
    const RoomName& room = room_of(i);
    const auto [at, fresh] = open.try_emplace(room, out.size());
    if (!fresh && out[at->second].indices.size() < limit) {
      out[at->second].indices.push_back(i);
      continue;
    }
    at->second = out.size();
    out.push_back({room, {i}});
  }
  return out;
}

}  // namespace stampede::redis
