#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "shared/base/executor.h"
#include "shared/model/message.h"

namespace stampede {

/// A user has come to a room with a first session, or left it with the last, on whichever gateways
/// those are.
struct PresenceChange {
  RoomName room;
  UserId user;
  bool joined = false;
  std::int64_t users = 0;  ///< in the room, after the change
  /// In the chain prev -> seq of the room's changes, which has nothing to do with its messages'.
  Position position;
  bool remote = true;  ///< another gateway has members of the room, as in Sequenced
};

struct PresentUser {
  UserId user;
  std::int64_t sessions = 0;
  std::int64_t since_ms = 0;  ///< when the user came, milliseconds since 1970

  friend bool operator==(const PresentUser&, const PresentUser&) = default;
};

/// The users of a room at one moment.
struct RoomUsers {
  std::int64_t count = 0;
  Seq version = kNoSeq;            ///< seq of the last change that is in it
  std::vector<PresentUser> users;  ///< by `since_ms`, then name; empty when there are too many
};

/// The users of rooms, as the members that are registered with the RoomDirectory make them. Members
/// of a gateway that is gone count until somebody has cleaned up after it.
///
/// Methods may be called from any thread; replies and news are posted, never run inside a call.
/// Calls of one thread take effect in the order made, with those to the RoomDirectory.
/// kUnavailable as there.
class Presence {
 public:
  using News = std::function<void(const std::vector<PresenceChange>&)>;

  virtual ~Presence() = default;

  /// Once. `news` gets the changes that this gateway makes: by members that enter and leave, and by
  /// cleaning up after other gateways. Each change is told to one gateway, unless that loses its
  /// connection or dies at that moment, or the directory lost its data; `versions` shows that.
  /// Runs posted on `on`, which outlives the port.
  virtual void watch_changes(Executor& on, News news) = 0;

  /// `users` is left empty when there are more than `limit`.
  virtual void users(RoomName room, std::size_t limit, Reply<Result<RoomUsers>> found) = 0;

  /// Of each room the seq of its last change, in order; kNoSeq when nothing is known of it.
  virtual void versions(std::vector<RoomName> rooms, Reply<Result<std::vector<Seq>>> found) = 0;

  /// This program ends. Members that it leaves behind stay for about `grace` more, and then are
  /// taken away by another gateway. Replies when that and every `leave` before it are done.
  virtual void depart(Milliseconds grace, Reply<Result<void>> departed) = 0;
};

}  // namespace stampede
