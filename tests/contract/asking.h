#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "shared/base/executor.h"
#include "shared/model/message.h"

namespace stampede::test {

/// How long a contract test waits for what must come; only a broken adapter waits that long.
inline constexpr std::chrono::seconds kPatience{20};

/// Calls a port method with a reply and waits for the answer. Also holds every adapter to answering
/// on the asker's executor, exactly once. Not on the executor's thread.
template <class T, class Call>
T ask(Executor& on, Call call) {
  auto promise = std::make_shared<std::promise<T>>();
  auto answers = std::make_shared<int>(0);  // touched on the executor's thread only
  auto future = promise->get_future();
  call(Reply<T>(on, [promise, answers, &on](T value) {
    EXPECT_TRUE(on.is_current()) << "the reply ran on a foreign thread";
    EXPECT_EQ(++*answers, 1) << "answered more than once";
    if (*answers == 1) promise->set_value(std::move(value));
  }));
  if (future.wait_for(kPatience) != std::future_status::ready) {
    throw std::runtime_error("no reply within the test's patience");
  }
  return future.get();
}

/// Whether a reply asked for on the executor's own thread runs only after the call has returned.
template <class T, class Call>
bool answers_after_the_call(Executor& on, Call call) {
  auto inside = std::make_shared<bool>(false);
  auto promise = std::make_shared<std::promise<bool>>();
  auto future = promise->get_future();
  on.post([&on, call, inside, promise] {
    *inside = true;
    call(Reply<T>(on, [inside, promise](T) { promise->set_value(!*inside); }));
    *inside = false;
  });
  if (future.wait_for(kPatience) != std::future_status::ready) {
    throw std::runtime_error("no reply within the test's patience");
  }
  return future.get();
}

/// Tries `condition` until it holds; false when the test's patience ends first. For what the port
/// promises only to happen "some time later".
inline bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// What a handler was given, to be waited for by the test's thread. Any thread.
template <class T>
class Inbox {
 public:
  void add(std::vector<T> items) {
    const std::lock_guard lock(mutex_);
    for (T& item : items) items_.push_back(std::move(item));
    changed_.notify_all();
  }

  /// Everything so far, once `enough` holds of it; throws when that takes too long.
  std::vector<T> wait_until(const std::function<bool(const std::vector<T>&)>& enough) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return enough(items_); })) {
      throw std::runtime_error("waited in vain; there are " + std::to_string(items_.size()) +
                               " items");
    }
    return items_;
  }

  std::vector<T> wait_for(std::size_t count) {
    return wait_until([count](const std::vector<T>& items) { return items.size() >= count; });
  }

  [[nodiscard]] std::vector<T> snapshot() {
    const std::lock_guard lock(mutex_);
    return items_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> items_;
};

/// A message as a session makes it: no position yet.
inline MessageRef make_message(const std::string& room, const std::string& body,
                               const std::string& key = {}, const std::string& sender = "ann") {
  auto message = std::make_shared<Message>();
  message->id = new_message_id();
  message->room = RoomName(room);
  message->sender = UserId(sender);
  message->origin = GatewayId("gateway-1");
  message->timestamp_ms = 1'700'000'000'000;
  message->key = key;
  message->content_type = "text/plain";
  message->headers = {{"x-color", "green"}};
  message->body = body;
  return message;
}

inline std::vector<std::string> bodies_of(const std::vector<MessageRef>& messages) {
  std::vector<std::string> out;
  for (const MessageRef& message : messages) out.push_back(message->body);
  return out;
}

}  // namespace stampede::test
