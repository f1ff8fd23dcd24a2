#pragma once

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "shared/ports/room_directory.h"

namespace stampede::redis {

/// What this gateway should have in Redis, as its callers see it: the truth that is registered
/// again whenever Redis or the connection was away. Pure; one thread.
class Membership {
 public:
  /// A member with a capacity is provisional until Redis has let it in: nothing else may enter it.
  void enter(const Member& member);
  void let_in(const Member& member);
  /// False when it was not there.
  bool leave(const Member& member);

  [[nodiscard]] bool has(const RoomName& room) const { return rooms_.contains(room); }
  [[nodiscard]] bool has(const RoomName& room, const SessionId& session) const;
  /// But the provisional ones.
  [[nodiscard]] std::vector<Member> all() const;

 private:
  struct Entry {
    UserId user;
    std::int64_t since_ms;
    bool provisional;
  };
  std::unordered_map<RoomName, std::unordered_map<SessionId, Entry>> rooms_;  ///< none is empty
};

/// Members of one room, as one script call takes them.
struct RoomGroup {
  RoomName room;
  std::vector<std::size_t> indices;  ///< into the list that was grouped, ascending
};

/// By room, rooms in order of first appearance, at most `limit` in a group.
std::vector<RoomGroup> group_by_room(std::size_t count, std::size_t limit,
                                     const std::function<const RoomName&(std::size_t)>& room_of);

}  // namespace stampede::redis
