#pragma once

#include <compare>
#include <cstddef>
#include <vector>

#include "shared/base/executor.h"
#include "shared/base/ids.h"

namespace stampede {

/// Where messages for one user arrive: what `/user/queue/<name>` is for that user.
struct UserQueue {
  UserId user;
  RoomName name;  ///< made of the same characters as a room's

  friend bool operator==(const UserQueue&, const UserQueue&) = default;
  friend auto operator<=>(const UserQueue&, const UserQueue&) = default;
};

/// A session that has subscribed to a queue of its user.
struct QueueSession {
  UserQueue queue;
  SessionId session;
};

/// A gateway at which sessions of a user have a queue.
struct QueuePlace {
  GatewayId gateway;
  std::size_t sessions = 0;  ///< at least 1

  friend bool operator==(const QueuePlace&, const QueuePlace&) = default;
};

/// Which gateways have sessions of which user, shared by all gateways. What a gateway that died has
/// entered vanishes within the adapter's lease.
///
/// Methods may be called from any thread; replies are posted, never run inside a call. Calls of one
/// thread take effect in the order made. When the directory does not answer within the adapter's
/// timeout replies carry kUnavailable.
class UserDirectory {
 public:
  virtual ~UserDirectory() = default;

  /// Replies when every gateway finds the sessions here. One that is there already counts once.
  /// Those whose entering failed are entered when the directory is back, unless they leave.
  virtual void enter(std::vector<QueueSession> sessions, Reply<Result<void>> entered) = 0;

  /// Takes sessions away; one that is not there is ignored.
  virtual void leave(std::vector<QueueSession> sessions) = 0;

  /// The places of each queue, in the order asked, each gateway once, by gateway; empty where the
  /// user has no such session.
  using Places = std::vector<std::vector<QueuePlace>>;
  virtual void find(std::vector<UserQueue> queues, Reply<Result<Places>> found) = 0;
};

}  // namespace stampede
