#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "shared/auth/crypto.h"
#include "shared/base/clock.h"

namespace stampede::auth {

/// Passcodes that were found right a short while ago, so that a crowd that reconnects and a client
/// of the REST API need not be checked for a tenth of a second each time. Keeps fingerprints only,
/// of hash and passcode together: a new hash in the users file is not found. One thread.
class VerifiedLogins {
 public:
  static constexpr std::size_t kMax = 100'000;
  static constexpr Seconds kKeep{600};

  [[nodiscard]] bool has(const std::string& hash, const std::string& passcode,
                         Clock::Instant now) const {
    const auto known = until_.find(key(hash, passcode));
    return known != until_.end() && now < known->second;
  }
  void add(const std::string& hash, const std::string& passcode, Clock::Instant now) {
    if (until_.size() >= kMax) until_.clear();
    until_[key(hash, passcode)] = now + kKeep;
  }

 private:
  /// A hash has no NUL, so the two cannot run into each other.
  static std::string key(const std::string& hash, const std::string& passcode) {
    return fingerprint(hash + '\0' + passcode);
  }

  std::unordered_map<std::string, Clock::Instant> until_;
};

}  // namespace stampede::auth
