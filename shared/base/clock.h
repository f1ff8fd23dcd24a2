#pragma once

#include <chrono>

namespace stampede {

using Milliseconds = std::chrono::milliseconds;
using Microseconds = std::chrono::microseconds;
using Seconds = std::chrono::seconds;

/// Two clocks behind one seam, so that tests decide what time it is. Any thread.
class Clock {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  virtual ~Clock() = default;
  /// Monotonic; for deadlines and intervals.
  [[nodiscard]] virtual Instant now() const noexcept = 0;
  /// Wall clock, since 1970-01-01 UTC; for timestamps that people see.
  [[nodiscard]] virtual Microseconds wall() const noexcept = 0;
};

/// The system's clocks; lives for the whole process.
const Clock& system_clock() noexcept;

}  // namespace stampede
