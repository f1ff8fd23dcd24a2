#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "shared/base/error.h"
#include "shared/base/executor.h"
#include "shared/base/ids.h"

namespace stampede {

/// Takes somebody's permission back: a user's or a single token's. One of the two is given.
struct Revocation {
  UserId user;
  std::string token_id;    ///< the token's `jti`
  std::int64_t at_ms = 0;  ///< milliseconds since 1970, by the clock that all gateways share

  friend bool operator==(const Revocation&, const Revocation&) = default;
};

/// Longest `token_id` that can be revoked, in bytes.
inline constexpr std::size_t kMaxTokenIdBytes = 200;

/// kInvalidArgument unless it names either a user or a token. For adapters.
inline Result<void> check_revocation(const Revocation& revocation) {
  if (revocation.user.empty() == revocation.token_id.empty()) {
    return Error(Errc::kInvalidArgument, "a revocation names either a user or a token");
  }
  if (revocation.token_id.size() > kMaxTokenIdBytes) {
    return Error(Errc::kInvalidArgument,
                 "a token id has at most " + std::to_string(kMaxTokenIdBytes) + " bytes");
  }
  return {};
}

/// The revocations of a whole cluster. They are kept for a time that is longer than tokens live,
/// also for gateways that start later.
///
/// Methods may be called from any thread; replies and news are posted, never run inside a call.
class Revocations {
 public:
  using News = std::function<void(const std::vector<Revocation>&)>;

  virtual ~Revocations() = default;

  /// Replies when every gateway is bound to learn of it. `at_ms` is set by the adapter: a user who
  /// is revoked again is revoked as of now. kUnavailable, kCancelled, kInvalidArgument (see
  /// check_revocation).
  virtual void revoke(Revocation revocation, Reply<Result<void>> revoked) = 0;

  /// `news` gets everything that is remembered, and then what is revoked, within a second while the
  /// servers are there. The same revocation may come more than once. Runs posted on `on`, never
  /// with an empty list; a watcher cannot be taken away, and `on` outlives the port.
  virtual void watch(Executor& on, News news) = 0;
};

}  // namespace stampede
