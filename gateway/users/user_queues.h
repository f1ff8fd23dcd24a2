#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

#include "gateway/rooms/audience.h"
#include "shared/base/metrics.h"
#include "shared/base/turn_runs.h"
#include "shared/model/message.h"
#include "shared/ports/user_directory.h"

namespace stampede::gateway {

/// The users' queues that sessions of one shard have subscribed to: lets the directory know of
/// them, and gives them the direct messages that come. On its shard's thread.
class UserQueues {
 public:
  /// Or why the subscription could not be made.
  using Live = std::function<void(Result<void>)>;

  /// The queues outlive every task of `on`.
  UserQueues(Executor& on, UserDirectory& directory, Metrics& metrics);

  /// `live` runs posted, once every gateway finds the session, unless `unsubscribe` comes first.
  /// Messages may come before that: whoever finds the session counts on it. `subscriber` must be
  /// unsubscribed before it is destroyed, also when `live` had an error.
  void subscribe(QueueSession session, Subscriber& subscriber, Live live);
  void unsubscribe(const QueueSession& session, Subscriber& subscriber);

  /// Gives the direct messages among these to whoever is here; the others are not for it.
  void deliver(const std::vector<MessageRef>& batch);

 private:
  struct Queue {
    Audience audience;
    std::map<SessionId, std::size_t> subscriptions;  ///< per session
  };
  struct Waiting {
    const Subscriber* subscriber;
    Live live;
  };
  struct Enter {
    std::uint64_t ticket;
    QueueSession session;
  };

  void enter(std::vector<Enter> run);

  Executor& on_;
  UserDirectory& directory_;
  std::map<UserQueue, Queue> queues_;
  std::unordered_map<std::uint64_t, Waiting> waiting_;            ///< by ticket
  std::unordered_map<const Subscriber*, std::uint64_t> tickets_;  ///< of those that wait
  std::uint64_t last_ticket_ = 0;
  TurnRuns<Enter, QueueSession> changes_;

  Gauge subscriptions_gauge_;
  Counter delivered_;
};

}  // namespace stampede::gateway
