#pragma once

#include <array>

#include "gateway/session/limit.h"
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

  [[nodiscard]] const Counter& frames(stomp::Command command) const noexcept;
  [[nodiscard]] const Counter& connects(stomp::Version version) const noexcept;

 private:
  std::array<Counter, 11> frames_;  ///< client commands in the order of stomp::Command
  std::array<Counter, 3> connects_;
};

}  // namespace stampede::gateway
