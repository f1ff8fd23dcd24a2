#pragma once

#include <vector>

#include "shared/adapters/redis/answer.h"
#include "shared/base/turn_batch.h"
#include "shared/ports/presence.h"
#include "shared/runtime/loop.h"

namespace stampede::redis {

/// Tells the watcher what scripts answered about users who have come or gone: what comes in one
/// turn of the loop together. Nobody watches: it is forgotten. Loop's thread only.
class PresenceNews {
 public:
  explicit PresenceNews(Loop& loop);

  void watch(Executor& on, Presence::News news);

  /// What a script said of the users of a room: how many there are after it, the version before the
  /// first change and that of the first, and who it was.
  struct Said {
    bool joined;
    bool remote;
    std::int64_t users;
    Seq prev;
    Seq first;
  };
  void add(const RoomName& room, const Said& said, Answer users);

 private:
  Executor* on_ = nullptr;
  Presence::News news_;
  TurnBatch<PresenceChange> turn_;
};

}  // namespace stampede::redis
