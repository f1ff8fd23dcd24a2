#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "gateway/rooms/publisher.h"
#include "gateway/rooms/room_registry.h"
#include "gateway/session/roster.h"
#include "gateway/session/session_metrics.h"
#include "gateway/session/throttle.h"
#include "gateway/users/direct_sender.h"
#include "gateway/users/user_queues.h"
#include "shared/auth/admission.h"
#include "shared/base/clock.h"
#include "shared/base/executor.h"
#include "shared/base/ids.h"
#include "shared/runtime/timer_wheel.h"
#include "shared/stomp/decoder.h"

namespace stampede::gateway {

struct SessionLimits {
  stomp::DecoderLimits decoder;
  std::size_t max_connect_bytes = 64UL * 1024;  ///< of a frame before CONNECTED
  std::vector<std::string> virtual_hosts;       ///< in lower case; empty: any
  RateLimits rates;
  /// Of bodies that a client which acknowledges by hand has not acknowledged, sent to it or not.
  std::size_t max_unacknowledged_bytes = 4UL * 1024 * 1024;
  /// Of a replay, queued for the client at once; the rest follows as it takes them.
  std::size_t replay_window_bytes = 256UL * 1024;
  std::size_t max_replay = 10'000;  ///< messages that `history` may ask for
  std::size_t max_transactions = 16;
  std::size_t max_transaction_frames = 10'000;
  std::size_t max_transaction_bytes = 4 * 1024 * 1024;  ///< of all that are open together
  std::size_t max_subscriptions = 256;
  Milliseconds connect_timeout{10'000};  ///< from the connection's start to CONNECT
  /// From CONNECT to the answer; longer than what a wrong passcode costs at most.
  Milliseconds login_timeout{20'000};
  Milliseconds token_grace{10'000};  ///< a session outlives its token by so much
  Milliseconds heart_beat{10'000};   ///< offered to send and asked for; 0 = none
  /// Silence is never taken for death before this: browsers throttle the timers of hidden pages to
  /// one a minute.
  Milliseconds min_silence{75'000};
  /// SENDs of one session that wait for their confirm; beyond it the session is not read from.
  std::size_t max_in_flight = 1000;
  std::size_t max_in_flight_bytes = 4 * 1024 * 1024;
};

/// What a session works with. One per shard, outlives the shard's sessions.
struct SessionContext {
  Executor& executor;
  const Clock& clock;
  TimerWheel& wheel;
  RoomRegistry& rooms;
  Publisher& publisher;
  UserQueues& queues;
  DirectSender& direct;
  const auth::Admission& admission;
  Roster& roster;
  GatewayId gateway;
  SessionLimits limits;
  SessionMetrics metrics;
  UserRates* user_rates = nullptr;  ///< of the process; none: users have no rate of their own
};

}  // namespace stampede::gateway
