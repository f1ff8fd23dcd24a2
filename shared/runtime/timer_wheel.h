#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <boost/intrusive/list.hpp>

#include "shared/base/clock.h"

namespace stampede {

/// Coarse timers by the hundred thousand: arming and cancelling only link and unlink, and there is
/// no system call per timer. For heart-beats and deadlines; a timer fires at the first `advance`
/// that is not before its time, so up to one tick late, never early.
///
/// Owned by a shard, used on its thread; clock and wheel outlive the timers. `Ticker` drives it.
class TimerWheel {
 public:
  class Timer;

  explicit TimerWheel(const Clock& clock, Milliseconds tick = Milliseconds{100});
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  /// Fires what is due, in no particular order.
  void advance();

  [[nodiscard]] Milliseconds tick() const noexcept { return tick_; }

 private:
  using Hook =
      boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
  using Slot = boost::intrusive::list<Timer, boost::intrusive::base_hook<Hook>,
                                      boost::intrusive::constant_time_size<false>>;

  void arm(Timer& timer, Milliseconds after);
  void fire_due(Slot& slot, std::int64_t now_tick);

  const Clock& clock_;
  Milliseconds tick_;
  Clock::Instant start_;
  std::int64_t done_ = 0;  ///< every timer due at this tick or before has fired
  std::vector<Slot> slots_;
};

/// One deadline; fires once per `arm`. Its callback may arm or cancel any timer and destroy any
/// other one.
class TimerWheel::Timer : public TimerWheel::Hook {
 public:
  Timer(TimerWheel& wheel, std::function<void()> fired) : wheel_(wheel), fired_(std::move(fired)) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// From now; instead of what it was armed for before.
  void arm(Milliseconds after) { wheel_.arm(*this, after); }
  void cancel() noexcept { unlink(); }
  [[nodiscard]] bool armed() const noexcept { return is_linked(); }

 private:
  friend class TimerWheel;

  TimerWheel& wheel_;
  std::int64_t due_ = 0;  ///< in ticks
  std::function<void()> fired_;
};

}  // namespace stampede
