// A mailbox in front of Asio's queue: a burst of posts from another thread costs one lock each and
// a single wake-up, and the tasks run back to back.
#include "shared/runtime/loop.h"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <exception>
#include <memory>

#include "shared/base/log.h"

namespace stampede {

Loop::Loop(std::string name) : name_(std::move(name)), work_(context_.get_executor()) {}

Loop::~Loop() {
  stop();
  // What goes with a dropped task may post once more, such as a request that was never answered.
  std::vector<Task> dropped;
  do {
    dropped.clear();
    const std::lock_guard lock(mutex_);
    dropped.swap(mailbox_);
  } while (!dropped.empty());
}

void Loop::start() {
  thread_ = std::thread([this] {
    thread_id_.store(std::this_thread::get_id(), std::memory_order_release);
    pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
    context_.run();
  });
}

void Loop::stop() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
  thread_id_.store({}, std::memory_order_release);
}

void Loop::post(Task task) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = mailbox_.empty();
    mailbox_.push_back(std::move(task));
  }
  if (first) boost::asio::post(context_, [this] { run_mailbox(); });
}

void Loop::post_after(Microseconds delay, Task task) {
  auto timer = std::make_unique<boost::asio::steady_timer>(context_, delay);
  auto& armed = *timer;
  armed.async_wait([this, timer = std::move(timer),
                    task = std::move(task)](boost::system::error_code ec) mutable {
    if (!ec) run_task(task);
  });
}

bool Loop::is_current() const noexcept {
  return thread_id_.load(std::memory_order_acquire) == std::this_thread::get_id();
}

void Loop::run_mailbox() {
  {
    const std::lock_guard lock(mutex_);
    running_.swap(mailbox_);
  }
  for (Task& task : running_) {
    run_task(task);
    task = nullptr;
  }
  running_.clear();
}

void Loop::run_task(Task& task) noexcept {
  // No exception may cross a task: the others of this turn belong to other sessions.
  try {
    task();
  } catch (const std::exception& error) {
    log_error("task failed", {{"loop", name_}, {"what", error.what()}});
  }
}

}  // namespace stampede
