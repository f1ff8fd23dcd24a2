#pragma once

#include <string>
#include <utility>
#include <vector>

#include "shared/auth/open_login.h"
#include "shared/base/metrics.h"

namespace stampede::auth {

/// How logins end, by method and outcome. Any thread.
class LoginMeters {
 public:
  explicit LoginMeters(Metrics& metrics) {
    for (const char* method : {"anonymous", "passcode", "token"}) {
      for (const char* outcome : {"accepted", "denied", "invalid", "overloaded"}) {
        counters_.push_back(metrics.counter("stampede_auth_logins_total",
                                            "Attempts to prove who one is, by how they ended.",
                                            {{"method", method}, {"outcome", outcome}}));
      }
    }
  }

  void count(Method method, const Result<Principal>& result) const {
    counters_[static_cast<std::size_t>(method) * kOutcomes + outcome_of(result)].add();
  }

 private:
  static constexpr std::size_t kOutcomes = 4;

  static std::size_t outcome_of(const Result<Principal>& result) {
    if (result) return 0;
    if (result.error().is(Errc::kDenied)) return 1;
    return result.error().is(Errc::kOverloaded) ? 3 : 2;
  }

  std::vector<Counter> counters_;
};

}  // namespace stampede::auth
