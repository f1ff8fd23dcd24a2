#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "shared/base/clock.h"
#include "shared/base/executor.h"
#include "shared/model/partition.h"

namespace stampede::rabbitmq {

/// What this gateway wants bound, what of it the broker has confirmed, and who waits for that.
/// Binds are sent without asking for an answer but for the last of a batch, whose bind-ok is the
/// barrier for all before it. Pure; one thread.
class Bindings {
 public:
  using Bound = Reply<Result<void>>;

  /// Keys for which the owner sends a bind, the last one as the barrier. Empty: nothing to send,
  /// either because all are bound and `bound` is answered, or because the queue is away.
  [[nodiscard]] std::vector<BindingKey> request(std::vector<BindingKey> keys, Bound bound,
                                                Clock::Instant now);
  /// Keys for which the owner sends an unbind.
  [[nodiscard]] std::vector<BindingKey> remove(const std::vector<BindingKey>& keys);

  /// A new queue is there: the keys to bind to it, after which the owner sends a barrier of its
  /// own.
  [[nodiscard]] std::vector<BindingKey> queue_up();
  /// The queue is gone; whoever waits waits for the next.
  void queue_down();
  /// The next barrier, in the order sent, is answered.
  void barrier_passed();

  /// Answers kUnavailable to requests made before `deadline`, and forgets keys that only they
  /// wanted; returns those for which the owner sends an unbind.
  [[nodiscard]] std::vector<BindingKey> expire(Clock::Instant deadline, const std::string& why);
  void cancel_all(const Error& error);

  [[nodiscard]] std::size_t size() const { return bindings_.size(); }

 private:
  using Barrier = std::uint64_t;
  static constexpr Barrier kNever = ~Barrier{0};

  struct Binding {
    Barrier barrier = kNever;  ///< bound once this one has passed; kNever: not sent yet
    bool ever_bound = false;   ///< was, to this queue or one before
    std::size_t waiting = 0;   ///< requests
  };
  struct Request {
    std::vector<BindingKey> keys;
    Bound bound;
    Barrier barrier = kNever;
    Clock::Instant since{};
  };

  void answer(Request& request, Result<void> outcome);

  std::unordered_map<BindingKey, Binding> bindings_;
  std::deque<Request> requests_;  ///< in the order made; barriers ascend, kNever last
  Barrier sent_ = 0;              ///< barriers are numbered from 1
  Barrier passed_ = 0;
  bool up_ = false;
};

}  // namespace stampede::rabbitmq
