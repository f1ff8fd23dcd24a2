#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "shared/adapters/redis/context.h"
#include "shared/ports/user_directory.h"

namespace stampede::redis {

/// Which users' queues this gateway has, as its callers see it and as Redis is told. What is
/// counted is kept here, so that telling Redis again never counts twice. Loop's thread only.
class UserQueues {
 public:
  explicit UserQueues(Context& context) : context_(context) {}

  /// For later, if Redis is not there now.
  void remember(const std::vector<QueueSession>& sessions);
  /// Tells Redis of those that are still remembered; it is there.
  void send(const std::vector<QueueSession>& sessions, const Reply<Result<void>>& entered);
  /// Forgets them, and tells Redis when it is there.
  void leave(const std::vector<QueueSession>& sessions, bool redis_is_there);
  /// Everything that is remembered, under a new registration.
  void register_all();
  /// Redis is there.
  void find(const std::vector<UserQueue>& queues,
            const Reply<Result<UserDirectory::Places>>& found);

 private:
  using Queues = std::set<UserQueue>;
  using Done = std::function<void(const Result<Answer>&)>;

  /// How many sessions Redis is to know of each; `done` gets the last answer.
  void send_counts(const Queues& queues, const Done& done);

  Context& context_;
  std::map<UserQueue, std::set<SessionId>> queues_;  ///< none is empty
};

}  // namespace stampede::redis
