#pragma once

#include <cstddef>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "shared/auth/principal.h"
#include "shared/base/clock.h"
#include "shared/ports/revocations.h"

namespace stampede::auth {

/// What a process knows of the revocations, to check logins against. Any thread. Forgets what is
/// older than `ttl`; `clock` outlives it.
class RevocationList {
 public:
  RevocationList(Milliseconds ttl, const Clock& clock) : ttl_(ttl), clock_(clock) {}
  RevocationList(const RevocationList&) = delete;
  RevocationList& operator=(const RevocationList&) = delete;

  /// Returns those that were not known yet, or are newer than what was known: what live sessions
  /// have to be held against.
  std::vector<Revocation> add(const std::vector<Revocation>& news);

  /// kDenied, with the reason, for a token whose id is revoked, and for what was issued (a token)
  /// or proven (a login) when its user was revoked or before, or at an unknown time.
  [[nodiscard]] Result<void> check(const Principal& principal) const;

  [[nodiscard]] std::size_t size() const;

 private:
  using Key = std::pair<bool, std::string>;  ///< whether a token, and its name
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept {
      return std::hash<std::string>{}(key.second) ^ static_cast<std::size_t>(key.first);
    }
  };

  void forget_old();

  const Milliseconds ttl_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::unordered_map<Key, std::int64_t, KeyHash> at_ms_;
  std::set<std::pair<std::int64_t, Key>> by_age_;
};

}  // namespace stampede::auth
