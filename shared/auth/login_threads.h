#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "shared/auth/login_queue.h"
#include "shared/base/metrics.h"

namespace stampede::auth {

/// The threads that passcodes are checked on: what takes a tenth of a second is done by nobody
/// else. Any thread. `metrics` outlives it.
class LoginThreads {
 public:
  LoginThreads(std::size_t threads, std::size_t queue, Metrics& metrics);
  /// Waits for the checks that have begun; what waits is dropped, neither checked nor refused.
  ~LoginThreads();
  LoginThreads(const LoginThreads&) = delete;
  LoginThreads& operator=(const LoginThreads&) = delete;

  /// `check` runs on one of the threads, or some login's `refuse` runs inside this call.
  void submit(WaitingLogin login);

 private:
  void run();

  const Gauge waiting_;
  const Histogram seconds_;
  std::mutex mutex_;
  std::condition_variable changed_;
  LoginQueue queue_;      ///< guarded by mutex_
  bool stopped_ = false;  ///< guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace stampede::auth
