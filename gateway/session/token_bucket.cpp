#include "gateway/session/token_bucket.h"

#include <algorithm>

namespace stampede::gateway {
namespace {

using std::chrono::nanoseconds;

/// Tokens taken in advance may not be all used: a session can end while it waits. Others that share
/// the bucket are not to wait for ever because of that.
constexpr nanoseconds kLongestDebt = std::chrono::seconds(10);

std::int64_t ticks(Clock::Instant instant) noexcept {
  return std::chrono::duration_cast<nanoseconds>(instant.time_since_epoch()).count();
}

}  // namespace

nanoseconds Rate::interval() const noexcept {
  return per_second == 0 ? nanoseconds(0)
                         : nanoseconds(1'000'000'000 / static_cast<std::int64_t>(per_second));
}

nanoseconds Rate::depth() const noexcept { return std::max<nanoseconds>(burst, interval()); }

std::size_t Rate::most_at_once() const noexcept {
  if (per_second == 0) return 0;
  return static_cast<std::size_t>(depth() / interval());
}

nanoseconds TokenBucket::take(const Rate& rate, Clock::Instant now) noexcept {
  const std::int64_t at = ticks(now);
  const std::int64_t cost = rate.interval().count();
  const std::int64_t most = at + (rate.depth() + std::max(kLongestDebt, rate.interval())).count();
  std::int64_t old = full_at_.load(std::memory_order_relaxed);
  std::int64_t next = 0;
  do {
    next = std::min(std::max(old, at) + cost, most);
  } while (!full_at_.compare_exchange_weak(old, next, std::memory_order_relaxed));
  return nanoseconds(next - at);
}

bool TokenBucket::full(Clock::Instant now) const noexcept {
  return full_at_.load(std::memory_order_relaxed) <= ticks(now);
}

std::shared_ptr<TokenBucket> UserRates::bucket_of(const UserId& user, Clock::Instant now) {
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= sweep_at_) sweep(now);
  auto& bucket = buckets_[user.str()];
  if (!bucket) bucket = std::make_shared<TokenBucket>();
  return bucket;
}

/// At twice the size that was left the last time, so that it costs little for each bucket.
void UserRates::sweep(Clock::Instant now) {
  std::erase_if(buckets_, [&](const auto& entry) {
    return entry.second.use_count() == 1 && entry.second->full(now);
  });
  sweep_at_ = std::max<std::size_t>(1024, 2 * buckets_.size());
}

std::size_t UserRates::size() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

}  // namespace stampede::gateway
