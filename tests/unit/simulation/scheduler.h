#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "shared/base/executor.h"
#include "tests/support/fake_clock.h"

namespace stampede::simulation {

/// Virtual time and the one source of chance of a simulated cluster: the same seed gives the same
/// run, event for event. One thread.
class Scheduler {
 public:
  explicit Scheduler(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] const test::FakeClock& clock() const noexcept { return clock_; }
  [[nodiscard]] Microseconds now() const noexcept { return now_; }

  void at(Microseconds when, Task task) {
    events_.push_back({std::max(when, now_), next_++, std::move(task)});
    std::push_heap(events_.begin(), events_.end(), later);
  }
  void after(Microseconds delay, Task task) { at(now_ + delay, std::move(task)); }

  void run_until(Microseconds end) {
    while (!events_.empty() && events_.front().when <= end) {
      std::pop_heap(events_.begin(), events_.end(), later);
      Event event = std::move(events_.back());
      events_.pop_back();
      clock_.advance(event.when - now_);
      now_ = event.when;
      event.task();
    }
  }

  /// Between 0 and `below` - 1.
  std::size_t pick(std::size_t below) { return random_() % below; }
  bool chance(double probability) {
    return static_cast<double>(random_() >> 11) * 0x1.0p-53 < probability;
  }
  Microseconds between(Microseconds from, Microseconds to) {
    return from + Microseconds(random_() % static_cast<std::uint64_t>((to - from).count() + 1));
  }

 private:
  struct Event {
    Microseconds when;
    std::uint64_t order;  ///< of events of one time
    Task task;
  };
  static bool later(const Event& a, const Event& b) {
    return std::pair(a.when, a.order) > std::pair(b.when, b.order);
  }

  test::FakeClock clock_;
  Microseconds now_{0};
  std::mt19937_64 random_;
  std::vector<Event> events_;  ///< a heap
  std::uint64_t next_ = 0;
};

/// A thread of a simulated process: its tasks run in the order posted, and how they interleave with
/// those of others is chance. What a dead one has not run is never run.
class SimExecutor final : public Executor {
 public:
  explicit SimExecutor(Scheduler& scheduler) : scheduler_(scheduler) {}

  void post(Task task) override {
    due_ = std::max(due_, scheduler_.now() + scheduler_.between(Microseconds(0), kSwitch));
    scheduler_.at(due_, [this, task = std::move(task)] {
      if (alive_) task();
    });
  }
  void post_after(Microseconds delay, Task task) override {
    scheduler_.after(delay, [this, task = std::move(task)]() mutable { post(std::move(task)); });
  }
  [[nodiscard]] bool is_current() const noexcept override { return true; }
  void die() noexcept { alive_ = false; }

 private:
  static constexpr Microseconds kSwitch{30};

  Scheduler& scheduler_;
  Microseconds due_{0};
  bool alive_ = true;
};

/// Answers that the simulated servers give themselves at once.
class InlineExecutor final : public Executor {
 public:
  void post(Task task) override { task(); }
  void post_after(Microseconds, Task task) override { task(); }
  [[nodiscard]] bool is_current() const noexcept override { return true; }
};

/// One direction of a connection: everything arrives, in order, some time later.
class Wire {
 public:
  Wire(Scheduler& scheduler, Microseconds slowest) : scheduler_(scheduler), slowest_(slowest) {}

  void carry(Task arrival) {
    due_ = std::max(due_, scheduler_.now() + scheduler_.between(Microseconds(50), slowest_));
    scheduler_.at(due_, std::move(arrival));
  }

 private:
  Scheduler& scheduler_;
  Microseconds slowest_;
  Microseconds due_{0};
};

}  // namespace stampede::simulation
