#pragma once

#include <array>

#include "gateway/session/limit.h"
#include "shared/auth/rights.h"
#include "shared/base/metrics.h"
#include "shared/stomp/frame.h"

namespace stampede::gateway {

/// What sessions count, resolved once per shard.
class SessionMetrics {
 public:
  explicit SessionMetrics(Metrics& metrics);

  Gauge sessions;
  Counter errors;
  LimitMetrics limits;
  Counter refreshes;

  [[nodiscard]] const Counter& frames(stomp::Command command) const noexcept;
  [[nodiscard]] const Counter& connects(stomp::Version version) const noexcept;
  [[nodiscard]] const Counter& access_refused(auth::Verb verb) const noexcept;

 private:
  std::array<Counter, 11> frames_;  ///< client commands in the order of stomp::Command
  std::array<Counter, 3> connects_;
  Counter read_refused_;
  Counter send_refused_;
  Counter direct_refused_;
  Counter presence_refused_;
};

}  // namespace stampede::gateway
