#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shared/base/executor.h"
#include "shared/model/message.h"

namespace stampede {

/// A message that wants its place in the room.
struct SequenceRequest {
  MessageRef message;  ///< without a position
  Seq floor = kNoSeq;  ///< the highest seq this gateway has seen in the room
};

struct Sequenced {
  Position position;   ///< {0, 0}: the directory is away, order is unproven
  bool remote = true;  ///< another gateway has members of the room
  /// The sender's key was seen before: `position` and `id` are those of the first message, and
  /// nothing was sequenced. Whether the first was stored the directory does not know.
  bool duplicate = false;
  MessageId id{};  ///< of duplicates only
};

/// One client's membership of one room.
struct Member {
  RoomName room;
  SessionId session;
  UserId user;
  std::int64_t since_ms = 0;  ///< milliseconds since 1970
  std::size_t capacity = 0;   ///< users that the room may hold when this one enters; 0: any number
};

struct RoomSummary {
  RoomName room;
  std::int64_t members = 0;  ///< sessions, not users
  Seq last = kNoSeq;
  std::int64_t users = 0;
};

/// What `enter` answers for a member that a full room does not take.
inline Error room_full(const Member& member) {
  return {Errc::kTooLarge, "room '" + member.room.str() + "' holds " +
                               std::to_string(member.capacity) + " users, and no more are let in"};
}

struct RoomsQuery {
  std::string after;  ///< the last room of the page before, or empty
  std::size_t limit = 50;
};

/// Order, recent messages and membership of rooms, shared by all gateways.
///
/// Methods may be called from any thread; replies are posted, never run inside a call. Calls of one
/// thread take effect in the order made. When the directory does not answer within the adapter's
/// timeout replies carry kUnavailable.
class RoomDirectory {
 public:
  virtual ~RoomDirectory() = default;

  /// Gives each message the next position of its room: seq = max(last + 1, directory time, floor +
  /// 1) in microseconds, prev = max(last, floor). Also appends it to the room's recent list. One
  /// result per request, in order.
  virtual void sequence(std::vector<SequenceRequest> batch,
                        Reply<std::vector<Result<Sequenced>>> sequenced) = 0;

  /// Registers members; replies with the room's last position for each, in order. Every message
  /// sequenced after that position is published to this gateway, so bind the room first. A member
  /// whose registration failed is registered when the directory is back, unless it leaves; one with
  /// a capacity is not, it has to ask again. kTooLarge: the room holds as many users as its
  /// capacity allows, and this is another one; that member is not registered, then or later.
  virtual void enter(std::vector<Member> members, Reply<std::vector<Result<Seq>>> entered) = 0;

  /// Takes members away; one that is not there is ignored. A room vanishes with its last member.
  virtual void leave(std::vector<Member> members) = 0;

  /// Messages of the recent list with seq > after, the newest `limit` of them, ascending. None is
  /// missing in between.
  virtual void recent(RoomName room, Seq after, std::size_t limit,
                      Reply<Result<std::vector<MessageRef>>> found) = 0;

  /// The last position of each room, in order; kNoSeq for a room that is not known.
  virtual void last(std::vector<RoomName> rooms, Reply<Result<std::vector<Seq>>> found) = 0;

  /// Rooms that have members, ascending by name.
  virtual void rooms(RoomsQuery query, Reply<Result<std::vector<RoomSummary>>> found) = 0;

  /// The members of a room, by `since_ms` ascending; empty when there is no such room.
  virtual void members(RoomName room, Reply<Result<std::vector<Member>>> found) = 0;
};

}  // namespace stampede
