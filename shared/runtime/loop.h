#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "shared/base/executor.h"

namespace stampede {

/// One io_context run by one thread. What belongs to a loop is touched by its thread only, so it
/// needs no lock; other threads post.
///
/// Life: construct, build what lives on it, `start`, `stop`, destroy what lives on it, destroy.
/// Posts made before `start` run after it; posts made after `stop` are dropped with the loop.
class Loop final : public Executor {
 public:
  /// `name` (at most 15 characters) is what `top -H` and a debugger show.
  explicit Loop(std::string name);
  ~Loop() override;

  void start();
  /// Ends the thread after the handler it is in and waits for it. Not from the loop itself.
  void stop();

  [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }

  /// Tasks posted between two turns are run in one go: one wake-up for a burst.
  void post(Task task) override;
  void post_after(Microseconds delay, Task task) override;
  [[nodiscard]] bool is_current() const noexcept override;

 private:
  void run_mailbox();
  void run_task(Task& task) noexcept;

  std::string name_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::mutex mutex_;
  std::vector<Task> mailbox_;  ///< guarded by mutex_
  std::vector<Task> running_;  ///< keeps its capacity between turns
  std::atomic<std::thread::id> thread_id_{};
  std::thread thread_;
};

}  // namespace stampede
