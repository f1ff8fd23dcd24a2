#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/clock.h"
#include "shared/base/error.h"

namespace stampede::rabbitmq {

/// Whoever waits for the outcome of some publishes. Called once per index.
class Settlement {
 public:
  Settlement() = default;
  Settlement(const Settlement&) = delete;
  Settlement& operator=(const Settlement&) = delete;
  virtual ~Settlement() = default;
  virtual void settle(std::size_t index, Result<void> outcome) = 0;
};

/// A message that storage refused, on its way to the dead letters.
struct DeadLetter {
  std::string payload;
  std::string reason;
  std::string queue;  ///< where it came from
};

/// One publish that must be confirmed: a parcel of chat messages (shared/model/parcel.h), or a dead
/// letter.
struct Publish {
  std::string payload;      ///< of a parcel
  std::uint32_t queue = 0;  ///< of a parcel: index of its storage queue
  std::unique_ptr<DeadLetter> dead;
  std::shared_ptr<Settlement> settlement;
  std::size_t index = 0;     ///< for the settlement
  std::size_t messages = 1;  ///< that it carries
  std::size_t bytes = 0;     ///< what it counts for against the bound
  Clock::Instant since{};
  bool returned = false;  ///< the broker could not route it; its ack is still to come
  std::string trouble{};  ///< what the broker last did with it instead of taking it
};

/// Publishes between `append` and the broker's confirm: those sent, in the order of their delivery
/// tags, then those waiting. After a lost connection the unconfirmed ones are sent again in the
/// same order, so messages of one sender keep theirs. Pure; one thread.
class ConfirmQueue {
 public:
  using Tag = std::uint64_t;  ///< 1 for the first publish on a channel

  struct Confirmed {
    std::size_t messages = 0;
    Clock::Instant oldest{};
  };

  /// `window`: publishes sent and not confirmed.
  explicit ConfirmQueue(std::size_t window);

  void push(Publish publish);

  /// The next publish to send, with the tag it will have; null when none waits or the window is
  /// full. Valid until the next call.
  const Publish* next_to_send(Tag& tag);

  /// basic.ack. Tags that are not in flight are ignored; what was returned waits for `retry`.
  Confirmed ack(Tag tag, bool multiple);
  /// basic.nack; returns how many messages now wait for `retry`.
  std::size_t nack(Tag tag, bool multiple);
  /// basic.return: the queue is missing, and may be there again soon. `why` is said if it is not.
  /// Returns how many messages came back.
  std::size_t returned(Tag tag, std::string_view why);
  /// What was nacked or returned waits to be sent again, before everything else that waits.
  void retry();
  /// Everything unsettled waits again; tags begin at 1.
  void connection_lost();

  /// Settles what was pushed before `deadline` with kUnavailable; returns how many messages.
  std::size_t expire(Clock::Instant deadline, const std::string& why);
  void cancel_all(const Error& error);

  /// Messages.
  [[nodiscard]] std::size_t unsettled() const { return unsettled_; }
  /// Publishes.
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  /// The items that a confirm is about: [first, second).
  [[nodiscard]] std::pair<std::size_t, std::size_t> range(Tag tag, bool multiple) const;
  void refuse(Publish& publish);
  void expire(Publish& publish, const std::string& why);
  void settle(Publish& publish, Result<void> outcome);
  void drop_settled_front();

  std::size_t window_;
  std::deque<Publish> items_;  ///< a settled one keeps its place, without settlement, until first
  std::vector<Publish> refused_;  ///< nacked or returned, until `retry`
  std::size_t sent_ = 0;  ///< the first `sent_` items have tags first_tag_, first_tag_ + 1, …
  Tag first_tag_ = 1;
  std::size_t in_flight_ = 0;  ///< publishes sent and unsettled
  std::size_t unsettled_ = 0;  ///< messages
  std::size_t bytes_ = 0;
};

}  // namespace stampede::rabbitmq
