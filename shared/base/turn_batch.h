#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "shared/base/executor.h"

namespace stampede {

/// Collects what is added during one turn of an executor and hands it over in one batch at its end:
/// one round trip, one write, one post for a burst. Executor's thread only; the owner must outlive
/// the executor's pending tasks.
template <class T>
class TurnBatch {
 public:
  TurnBatch(Executor& on, std::function<void(std::vector<T>)> flush)
      : on_(on), flush_(std::move(flush)) {}

  void add(T item) {
    if (items_.empty()) on_.post([this] { flush(); });
    items_.push_back(std::move(item));
  }

 private:
  void flush() {
    std::vector<T> batch;
    batch.swap(items_);
    flush_(std::move(batch));
  }

  Executor& on_;
  std::function<void(std::vector<T>)> flush_;
  std::vector<T> items_;
};

}  // namespace stampede
