// A frame's token is taken when the frame comes, also one that is not there yet: sessions that
// share a bucket so get their turns in the order in which they asked.
#include "gateway/session/throttle.h"

#include <algorithm>
#include <utility>

namespace stampede::gateway {

using std::chrono::nanoseconds;

Throttle::Throttle(const RateLimits& limits, const Clock& clock, TimerWheel& wheel,
                   const LimitMetrics& metrics, std::shared_ptr<TokenBucket> user,
                   std::function<void()> go_on)
    : limits_(limits),
      clock_(clock),
      metrics_(metrics),
      go_on_(std::move(go_on)),
      user_(std::move(user)),
      timer_(wheel, [this] {
        paid_ = true;
        go_on_();
      }) {}

Throttle::Verdict Throttle::ask() {
  if (timer_.armed()) return Verdict::kWait;
  if (std::exchange(paid_, false)) return Verdict::kGo;
  const Clock::Instant now = clock_.now();
  nanoseconds wait{0};
  bool recovered = true;
  const auto charge = [&](TokenBucket& bucket, const Rate& rate, Limit limit) {
    if (rate.per_second == 0) return;
    const nanoseconds taken = bucket.take(rate, now);
    if (taken > rate.depth() / 2) recovered = false;
    if (taken - rate.depth() <= wait) return;
    wait = taken - rate.depth();
    limit_ = limit;
  };
  charge(session_, limits_.session, Limit::kSessionRate);
  if (user_) charge(*user_, limits_.user, Limit::kUserRate);
  if (recovered) over_since_.reset();
  if (wait.count() <= 0) return Verdict::kGo;
  if (!over_since_) over_since_ = now;
  if (now - *over_since_ > limits_.patience) {
    metrics_.hit(limit_);
    return Verdict::kRefuse;
  }
  metrics_.slowed(limit_ == Limit::kUserRate ? Slowing::kUserRate : Slowing::kSessionRate);
  timer_.arm(std::chrono::ceil<Milliseconds>(wait));
  return Verdict::kWait;
}

std::string Throttle::refusal() const {
  const bool of_user = limit_ == Limit::kUserRate;
  const Rate& rate = of_user ? limits_.user : limits_.session;
  return std::string(of_user ? "the sessions of a user together" : "a session") + " may send " +
         std::to_string(rate.per_second) + " SEND and SUBSCRIBE frames a second, " +
         std::to_string(rate.most_at_once()) + " at once; this one has been over that for " +
         std::to_string(limits_.patience.count()) + " ms without a pause";
}

}  // namespace stampede::gateway
