#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "shared/base/clock.h"
#include "shared/ports/message_feed.h"

namespace stampede::worker {

/// A batch is full when it has this many rows or bytes, and goes when its oldest has waited so
/// long.
struct BatchLimits {
  std::size_t rows = 1'000;
  std::size_t bytes = 8 * 1024 * 1024;  ///< a single larger message makes a batch of its own
  Milliseconds wait{5};
};

/// Collects deliveries into batches, in the order they came. Pure: told the time, does no I/O. One
/// thread.
class Batcher {
 public:
  using Delivery = MessageFeed::Delivery;

  explicit Batcher(BatchLimits limits) : limits_(limits) {}

  /// A redelivered message that is still waiting here takes its new tag and is not added again, so
  /// that a feed that reconnects again and again while the store is away cannot fill the memory.
  void add(std::vector<Delivery> deliveries, Clock::Instant now);

  [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }
  /// Whether a batch should go now.
  [[nodiscard]] bool ready(Clock::Instant now) const;
  /// When the oldest will have waited long enough; nothing when nothing waits.
  [[nodiscard]] std::optional<Clock::Instant> due() const;
  /// The oldest deliveries within the limits; empty when nothing waits.
  std::vector<Delivery> take();

 private:
  struct Item {
    Delivery delivery;
    std::size_t bytes;
    Clock::Instant came;
  };
  void retag(std::vector<Delivery>& deliveries);

  const BatchLimits limits_;
  std::deque<Item> waiting_;
  std::size_t bytes_ = 0;
};

}  // namespace stampede::worker
