#pragma once

#include <cstddef>
#include <deque>
#include <functional>

#include "shared/base/error.h"

namespace stampede::redis {

/// Enters and leaves on their way to Redis, in the order made, some rooms at a time: when all
/// clients of a gateway come back at once, its messages must not wait behind 100,000 scripts, nor
/// the last of those for longer than a command may. Pure; one thread; outlives what it started.
class ChangeQueue {
 public:
  using Done = std::function<void()>;
  using Start = std::function<void(Done)>;
  using Drop = std::function<void(const Error&)>;

  /// `most_members`: started and not done, unless a single change is larger.
  explicit ChangeQueue(std::size_t most_members) : most_members_(most_members) {}
  ChangeQueue(const ChangeQueue&) = delete;
  ChangeQueue& operator=(const ChangeQueue&) = delete;

  /// Calls `start` now or later; that calls its `Done` once, when Redis has answered. A change of 0
  /// members only waits until all before it have been started. `drop` is called instead of `start`.
  void add(std::size_t members, Start start, Drop drop);
  /// Drops what has not been started.
  void drop_all(const Error& error);

  /// Something has been added and is not done.
  [[nodiscard]] bool busy() const noexcept { return open_ > 0; }

 private:
  struct Change {
    std::size_t members;
    Start start;
    Drop drop;
  };

  void start_some();

  std::size_t most_members_;
  std::deque<Change> waiting_;
  std::size_t members_started_ = 0;  ///< and not done
  std::size_t open_ = 0;
  bool starting_ = false;
};

}  // namespace stampede::redis
