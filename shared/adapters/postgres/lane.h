#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "shared/adapters/postgres/connection.h"
#include "shared/adapters/postgres/link_status.h"
#include "shared/adapters/postgres/postgres.h"

namespace stampede::postgres {

/// Work for a connection. One of the two answers the caller, once.
struct Job {
  /// Nothing when it has answered, else why not. Runs again on a new connection, once, when the one
  /// it had was lost under it; so it must change nothing the second time.
  std::function<std::optional<Error>(Connection&)> run;
  std::function<void(Error)> give_up;
};

/// Jobs that one or more lanes compete for. Any thread.
class JobQueue {
 public:
  explicit JobQueue(std::size_t limit) : limit_(limit) {}

  /// False when `limit` jobs are waiting, or after `close`; `job` is then untouched.
  [[nodiscard]] bool push(Job& job);
  std::optional<Job> pop();
  /// Takes nothing more and gives up what waits.
  void close(const Error& why);
  /// Readable while jobs wait.
  [[nodiscard]] int fd() const noexcept { return waiting_.fd(); }

 private:
  const std::size_t limit_;
  WakeUp waiting_;
  std::mutex mutex_;
  std::deque<Job> jobs_;  ///< guarded by mutex_
  bool closed_ = false;   ///< guarded by mutex_
};

/// One thread with one connection that serves a queue. Connects and reconnects by itself with
/// jittered backoff; while it has no connection jobs are given up at once. Ends when `stop` is
/// raised; everything handed in outlives it.
class Lane {
 public:
  using Setup = Result<void> (*)(Connection&);  ///< run on each new connection

  Lane(std::size_t number, const Options& options, JobQueue& queue, Setup setup, LinkStatus& status,
       const WakeUp& stop);
  ~Lane() { thread_.join(); }

 private:
  using Instant = std::chrono::steady_clock::time_point;

  void run();
  void connect_when_due();
  void connect();
  void serve(Job& job);
  /// Until there is a job, news on the idle connection, a reason to connect, or the end; false
  /// then.
  bool wait();

  const std::size_t number_;
  const Options& options_;
  JobQueue& queue_;
  const Setup setup_;
  LinkStatus& status_;
  const WakeUp& stop_;
  Connection db_;
  Error away_{Errc::kUnavailable, "not connected yet"};
  std::chrono::milliseconds backoff_{};
  Instant next_attempt_{};
  std::minstd_rand random_{std::random_device{}()};
  std::thread thread_;
};

}  // namespace stampede::postgres
