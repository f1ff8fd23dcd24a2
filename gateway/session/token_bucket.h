#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "shared/base/clock.h"
#include "shared/base/ids.h"

namespace stampede::gateway {

/// How often something may happen, and how much of it at once.
struct Rate {
  std::size_t per_second = 0;  ///< 0: as often as it likes
  Milliseconds burst{2000};    ///< what comes in so much time may come at once; one at least

  [[nodiscard]] std::chrono::nanoseconds interval() const noexcept;
  [[nodiscard]] std::chrono::nanoseconds depth() const noexcept;
  /// Tokens in a full bucket.
  [[nodiscard]] std::size_t most_at_once() const noexcept;
};

/// A token bucket, kept as the time at which it will be full again (the generic cell rate
/// algorithm): a token costs an addition, and nothing has to fill it. Any thread.
class TokenBucket {
 public:
  /// Takes a token, one that is not there yet if need be, and returns how far the bucket is from
  /// full: more than `rate.depth()` means that the token has to be waited for, as long as it is
  /// more. That is ten seconds at most, or the time of one token.
  std::chrono::nanoseconds take(const Rate& rate, Clock::Instant now) noexcept;
  [[nodiscard]] bool full(Clock::Instant now) const noexcept;

 private:
  std::atomic<std::int64_t> full_at_{INT64_MIN};  ///< nanoseconds of the steady clock
};

/// The buckets of users, shared by their sessions on all shards of the process, so that a user's
/// rate is exact here and independent of other gateways. Any thread.
class UserRates {
 public:
  /// Keeps a bucket until it is full again: leaving and coming back gains nothing.
  std::shared_ptr<TokenBucket> bucket_of(const UserId& user, Clock::Instant now);
  [[nodiscard]] std::size_t size() const;

 private:
  void sweep(Clock::Instant now);

  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<TokenBucket>> buckets_;  ///< guarded by mutex_
  std::size_t sweep_at_ = 1024;                                            ///< guarded by mutex_
};

}  // namespace stampede::gateway
