#include "shared/auth/refusal_delay.h"

#include <algorithm>

namespace stampede::auth {
namespace {

constexpr Seconds kForgetAfter{60};

}  // namespace

Milliseconds RefusalDelay::next(const std::string& address, Clock::Instant now) {
  forget(now);
  const auto [known, added] = failures_.try_emplace(address, Failures{first_, now});
  Failures& failures = known->second;
  if (!added) failures = {failures.delay * 2, now};
  failures.delay = std::min(failures.delay, most_);
  by_age_.emplace_back(now, address);
  return failures.delay;
}

/// An address that has failed again since has a later entry, too.
void RefusalDelay::forget(Clock::Instant now) {
  while (!by_age_.empty() &&
         (by_age_.front().first + kForgetAfter <= now || by_age_.size() >= kMaxAddresses)) {
    const auto known = failures_.find(by_age_.front().second);
    if (known != failures_.end() && known->second.last == by_age_.front().first) {
      failures_.erase(known);
    }
    by_age_.pop_front();
  }
}

}  // namespace stampede::auth
