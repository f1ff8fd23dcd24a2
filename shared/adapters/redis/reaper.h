#pragma once

#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "shared/adapters/redis/context.h"
#include "shared/base/metrics.h"

namespace stampede::redis {

/// Removes what dead registrations have left in rooms and users' queues, some at a time. Every
/// gateway does it for every other: all steps may be repeated and interleaved. Loop's thread only.
class Reaper {
 public:
  Reaper(Context& context, Metrics& metrics);

  /// Does nothing when it is at work on `registration` already.
  void reap(const std::string& registration);
  /// The connection is gone, and with it the answers.
  void stop() { at_work_.clear(); }

 private:
  void next(const std::string& registration);
  void next_rooms(const std::string& registration);
  void remove_queues(const std::string& registration, Answer entries);
  /// Ends a step: `what` is removed from a set of the registration, then the next step begins.
  void finish_step(const std::string& registration, std::vector<std::string> what);
  void remove_from(const std::string& registration, const std::vector<RoomName>& rooms);

  Context& context_;
  const Counter reaped_;
  std::unordered_set<std::string> at_work_;
};

}  // namespace stampede::redis
