#pragma once

#include <functional>
#include <string>
#include <vector>

#include "shared/adapters/redis/connection.h"
#include "shared/adapters/redis/keys.h"
#include "shared/adapters/redis/membership.h"
#include "shared/adapters/redis/presence_news.h"

namespace stampede::redis {

/// What the parts of the directory work with. Owned by the directory; loop's thread only.
struct Context {
  Loop& loop;
  const Options& options;
  const Keys& keys;
  Connection& connection;
  Membership& membership;
  PresenceNews& news;
  std::string registration;      ///< under which members are entered; empty: none yet
  Clock::Instant unproven_till;  ///< until then an empty room elsewhere proves nothing
};

/// Whether a room without members elsewhere has none there, because all gateways have had the time
/// to register after Redis had come back.
[[nodiscard]] inline bool proven(const Context& context) {
  return system_clock().now() >= context.unproven_till;
}

/// Takes `sessions` of `registration` out of `room`, or all of them when none are named, and takes
/// the room off the index when it was the last membership there. Users who are gone with that are
/// news. `answered` runs when Redis has answered, or will not, with whether they are out: only then
/// may the registration forget the room.
void send_leave(Context& context, const std::string& registration, const RoomName& room,
                const std::vector<SessionId>& sessions,
                std::function<void(bool out)> answered = {});

}  // namespace stampede::redis
