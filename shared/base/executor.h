#pragma once

#include <functional>
#include <utility>

#include "shared/base/clock.h"

namespace stampede {

using Task = std::function<void()>;

/// A thread that runs posted tasks one after the other. The seam that keeps ports free of Asio:
/// `runtime/Loop` is the real one, tests pump one by hand.
class Executor {
 public:
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  virtual ~Executor() = default;

  /// Any thread. Tasks of one poster run in the order posted, never inside this call.
  virtual void post(Task task) = 0;
  /// Any thread. Posts `task` after `delay`; it cannot be taken back, so it checks for itself
  /// whether it still applies. For the rare and coarse; many timers belong on a TimerWheel.
  virtual void post_after(Microseconds delay, Task task) = 0;
  /// Whether the caller runs on this executor's thread.
  [[nodiscard]] virtual bool is_current() const noexcept = 0;
};

/// Where an answer goes: `fn` runs posted on the asker's executor, once, never re-entrant.
/// A reply that is never called means a bug in the adapter; adapters answer kCancelled when they
/// are destroyed. The executor outlives every reply made for it.
template <class T>
class Reply {
 public:
  Reply(Executor& on, std::function<void(T)> fn) : on_(&on), fn_(std::move(fn)) {}

  void operator()(T value) const {
    on_->post([fn = fn_, value = std::move(value)]() mutable { fn(std::move(value)); });
  }

 private:
  Executor* on_;
  std::function<void(T)> fn_;
};

}  // namespace stampede
