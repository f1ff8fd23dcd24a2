#pragma once

#include <functional>
#include <string>
#include <vector>

#include "shared/adapters/redis/connection.h"
#include "shared/adapters/redis/keys.h"
#include "shared/adapters/redis/membership.h"

namespace stampede::redis {

/// What the parts of the directory work with. Owned by the directory; loop's thread only.
struct Context {
  Loop& loop;
  const Options& options;
  const Keys& keys;
  Connection& connection;
  Membership& membership;
  std::string registration;      ///< under which members are entered; empty: none yet
  Clock::Instant unproven_till;  ///< until then an empty room elsewhere proves nothing
};

/// Takes `sessions` of `registration` out of `room`, or all of them when none are named, and takes
/// the room off the index when it was the last membership there. `answered` runs when Redis has
/// answered, or will not.
void send_leave(Context& context, const std::string& registration, const RoomName& room,
                const std::vector<SessionId>& sessions, std::function<void()> answered = {});

}  // namespace stampede::redis
