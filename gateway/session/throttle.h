#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/session/limit.h"
#include "gateway/session/token_bucket.h"
#include "shared/runtime/timer_wheel.h"

namespace stampede::gateway {

struct RateLimits {
  Rate session;
  Rate user;  ///< of a user's sessions on this gateway together
  Milliseconds patience{30'000};
};

/// Keeps one session's frames below its rates: what comes in bursts goes through, what comes faster
/// for longer has to wait, and a session that leaves its bucket no time to recover is refused. A
/// session has one from its first frame that counts. On the shard's thread; limits, clock, wheel
/// and metrics outlive it.
class Throttle {
 public:
  enum class Verdict {
    kGo,
    kWait,    ///< `go_on` is called when to ask again, for the same frame
    kRefuse,  ///< see `refusal`
  };

  Throttle(const RateLimits& limits, const Clock& clock, TimerWheel& wheel,
           const LimitMetrics& metrics, std::shared_ptr<TokenBucket> user,
           std::function<void()> go_on);

  /// Once for each frame that counts, and again after a wait.
  Verdict ask();
  /// What a refused client is told.
  [[nodiscard]] std::string refusal() const;
  /// `go_on` is not called any more.
  void stop() noexcept { timer_.cancel(); }

 private:
  const RateLimits& limits_;
  const Clock& clock_;
  const LimitMetrics& metrics_;
  std::function<void()> go_on_;
  TokenBucket session_;
  std::shared_ptr<TokenBucket> user_;
  TimerWheel::Timer timer_;
  std::optional<Clock::Instant> over_since_;  ///< slowed down since then, without a pause
  Limit limit_ = Limit::kSessionRate;         ///< that slowed it down last
  bool paid_ = false;                         ///< the frame that waited has its token
};

}  // namespace stampede::gateway
