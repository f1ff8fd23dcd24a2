#pragma once

#include <deque>
#include <map>

#include "shared/base/executor.h"

namespace stampede::test {

/// An executor that a test pumps by hand, so that it decides when an answer arrives and when time
/// passes. One thread.
class ManualExecutor final : public Executor {
 public:
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  void post_after(Microseconds delay, Task task) override {
    delayed_.emplace(now_ + delay, std::move(task));
  }
  [[nodiscard]] bool is_current() const noexcept override { return running_; }

  /// Runs what is posted, and what that posts, until nothing is left; returns how many ran.
  std::size_t run() {
    std::size_t ran = 0;
    running_ = true;
    while (!tasks_.empty()) {
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
      ++ran;
    }
    running_ = false;
    return ran;
  }

  /// Lets time pass: delayed tasks become due in order, and everything runs.
  void advance(Microseconds by) {
    const Microseconds until = now_ + by;
    while (!delayed_.empty() && delayed_.begin()->first <= until) {
      now_ = delayed_.begin()->first;
      post(std::move(delayed_.begin()->second));
      delayed_.erase(delayed_.begin());
      run();
    }
    now_ = until;
    run();
  }

  [[nodiscard]] bool idle() const { return tasks_.empty(); }

 private:
  std::deque<Task> tasks_;
  std::multimap<Microseconds, Task> delayed_;
  Microseconds now_{0};
  bool running_ = false;
};

}  // namespace stampede::test
