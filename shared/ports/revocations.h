#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

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

/// The revocations of a whole cluster. They are kept for a time that is longer than tokens live,
/// also for gateways that start later.
///
/// Methods may be called from any thread; replies and news are posted, never run inside a call.
class Revocations {
 public:
  using News = std::function<void(const std::vector<Revocation>&)>;

  virtual ~Revocations() = default;

  /// Replies when every gateway is bound to learn of it. `at_ms` is set by the adapter: a user who
  /// is revoked again is revoked as of now. kUnavailable, kInvalidArgument (neither or both named).
  virtual void revoke(Revocation revocation, Reply<Result<void>> revoked) = 0;

  /// `news` gets everything that is remembered, and then what is revoked, within a second while the
  /// servers are there. The same revocation may come more than once; one by one in order of
  /// `at_ms` as far as the adapter knows it. Watchers cannot be taken away; `on` outlives the port.
  virtual void watch(Executor& on, News news) = 0;
};

}  // namespace stampede
