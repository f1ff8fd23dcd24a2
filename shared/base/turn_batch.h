#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include "shared/base/executor.h"

namespace stampede {

/// Collects what is added during one turn of an executor and hands it over in one batch at its end:
/// one round trip, one write, one post for a burst. Where a bound is given, what goes beyond it has
/// the next turns, between which others have theirs. Executor's thread only; the owner must outlive
/// the executor's pending tasks.
template <class T>
class TurnBatch {
 public:
  using Flush = std::function<void(std::vector<T>)>;
  /// Of one batch, in whatever unit `weight` counts. An item that is heavier goes alone.
  struct Bound {
    std::size_t most = 0;
    std::function<std::size_t(const T&)> weight;
  };

  TurnBatch(Executor& on, Flush flush) : on_(on), flush_(std::move(flush)) {}
  TurnBatch(Executor& on, Flush flush, Bound bound)
      : on_(on), flush_(std::move(flush)), bound_(std::move(bound)) {}

  void add(T item) {
    items_.push_back(std::move(item));
    if (items_.size() == 1) schedule();
  }

 private:
  void schedule() {
    on_.post([this] { flush(); });
  }

  void flush() {
    std::vector<T> batch;
    const std::size_t count = bound_.weight ? within_bound() : items_.size();
    if (count == items_.size()) {
      batch.swap(items_);
    } else {
      const auto end = items_.begin() + static_cast<std::ptrdiff_t>(count);
      batch.assign(std::make_move_iterator(items_.begin()), std::make_move_iterator(end));
      items_.erase(items_.begin(), end);
      schedule();
    }
    flush_(std::move(batch));
  }

  [[nodiscard]] std::size_t within_bound() const {
    std::size_t count = 0;
    std::size_t weight = 0;
    while (count < items_.size()) {
      weight += bound_.weight(items_[count]);
      if (count > 0 && weight > bound_.most) break;
      ++count;
    }
    return count;
  }

  Executor& on_;
  Flush flush_;
  Bound bound_;
  std::vector<T> items_;
};

}  // namespace stampede
