#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>

#include "shared/base/clock.h"

namespace stampede::auth {

/// How long the refusal of a login is held back: doubling from `first` to `most` for an address
/// that goes on failing, from the beginning after a minute without a failure. Remembers a bounded
/// number of addresses; beyond that the longest known is forgotten. One thread.
class RefusalDelay {
 public:
  static constexpr std::size_t kMaxAddresses = 100'000;

  RefusalDelay(Milliseconds first, Milliseconds most) : first_(first), most_(most) {}

  /// Counts a failure.
  Milliseconds next(const std::string& address, Clock::Instant now);

  [[nodiscard]] std::size_t size() const noexcept { return failures_.size(); }

 private:
  struct Failures {
    Milliseconds delay;
    Clock::Instant last;
  };

  void forget(Clock::Instant now);

  const Milliseconds first_;
  const Milliseconds most_;
  std::unordered_map<std::string, Failures> failures_;
  std::deque<std::pair<Clock::Instant, std::string>> by_age_;  ///< an entry for each failure
};

}  // namespace stampede::auth
