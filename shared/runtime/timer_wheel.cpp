// A hashed wheel: a timer waits in the slot of its tick modulo the wheel's size and stays there for
// as many turns as it needs. Deadlines here are seconds and the wheel turns in 51 s, so that is
// rare.
#include "shared/runtime/timer_wheel.h"

#include <algorithm>

namespace stampede {
namespace {

constexpr std::size_t kSlots = 512;

std::int64_t rounded_up(Clock::Instant::duration time, Milliseconds tick) {
  const Clock::Instant::duration unit = tick;
  return (time + unit - Clock::Instant::duration(1)) / unit;
}

}  // namespace

TimerWheel::TimerWheel(const Clock& clock, Milliseconds tick)
    : clock_(clock), tick_(tick), start_(clock.now()), slots_(kSlots) {}

TimerWheel::~TimerWheel() {
  for (Slot& slot : slots_) slot.clear();
}

void TimerWheel::arm(Timer& timer, Milliseconds after) {
  timer.unlink();
  timer.due_ = std::max(rounded_up(clock_.now() - start_ + after, tick_), done_ + 1);
  slots_[static_cast<std::size_t>(timer.due_) % kSlots].push_back(timer);
}

void TimerWheel::advance() {
  const std::int64_t now_tick = (clock_.now() - start_) / Clock::Instant::duration(tick_);
  // After a long stall one turn visits every slot; more would only repeat it.
  const std::int64_t first = std::max(done_ + 1, now_tick - static_cast<std::int64_t>(kSlots) + 1);
  done_ = std::max(done_, now_tick);
  for (std::int64_t tick = first; tick <= now_tick; ++tick) {
    fire_due(slots_[static_cast<std::size_t>(tick) % kSlots], now_tick);
  }
}

void TimerWheel::fire_due(Slot& slot, std::int64_t now_tick) {
  // Callbacks change the lists, so what is due moves to one that only shrinks.
  Slot due;
  for (auto at = slot.begin(); at != slot.end();) {
    Timer& timer = *at++;
    if (timer.due_ > now_tick) continue;
    timer.unlink();
    due.push_back(timer);
  }
  while (!due.empty()) {
    Timer& timer = due.front();
    due.pop_front();
    timer.fired_();
  }
}

}  // namespace stampede
