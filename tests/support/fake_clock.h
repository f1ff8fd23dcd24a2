#pragma once

#include "shared/base/clock.h"

namespace stampede::test {

/// Time that passes only when the test says so. One thread.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const noexcept override { return now_; }
  [[nodiscard]] Microseconds wall() const noexcept override { return wall_; }

  void advance(Microseconds by) {
    now_ += by;
    wall_ += by;
  }

 private:
  Instant now_{std::chrono::hours(1)};
  Microseconds wall_{1'700'000'000'000'000};
};

}  // namespace stampede::test
