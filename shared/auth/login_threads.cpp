#include "shared/auth/login_threads.h"

#include <pthread.h>

#include <chrono>
#include <optional>
#include <utility>

namespace stampede::auth {

LoginThreads::LoginThreads(std::size_t threads, std::size_t queue, Metrics& metrics)
    : waiting_(metrics.gauge("stampede_auth_logins_waiting",
                             "Logins whose passcode waits to be checked.")),
      seconds_(metrics.histogram("stampede_auth_passcode_seconds",
                                 "What it took to check a passcode.", latency_bounds())),
      queue_(queue) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

LoginThreads::~LoginThreads() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void LoginThreads::submit(WaitingLogin login) {
  std::optional<WaitingLogin> dropped;
  {
    const std::lock_guard lock(mutex_);
    dropped = queue_.push(std::move(login));
    waiting_.set(static_cast<double>(queue_.size()));
  }
  changed_.notify_one();
  if (dropped) dropped->refuse();
}

void LoginThreads::run() {
  pthread_setname_np(pthread_self(), "auth-login");
  for (;;) {
    std::optional<WaitingLogin> next;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopped_ || queue_.size() > 0; });
      if (stopped_) return;
      next = queue_.pop();
      waiting_.set(static_cast<double>(queue_.size()));
    }
    const auto started = std::chrono::steady_clock::now();
    next->check();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    seconds_.observe(took.count());
  }
}

}  // namespace stampede::auth
