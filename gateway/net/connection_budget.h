#pragma once

#include <atomic>
#include <cstddef>

namespace stampede::gateway {

/// How many client connections the process may hold, over all shards. Any thread; outlives the
/// shards.
class ConnectionBudget {
 public:
  explicit ConnectionBudget(std::size_t max) noexcept : max_(max) {}

  /// False, and nothing is taken, when all are in use.
  [[nodiscard]] bool take() noexcept {
    if (used_.fetch_add(1, std::memory_order_relaxed) < max_) return true;
    give_back();
    return false;
  }
  void give_back() noexcept { used_.fetch_sub(1, std::memory_order_relaxed); }

  [[nodiscard]] std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t max() const noexcept { return max_; }

 private:
  std::atomic<std::size_t> used_{0};
  std::size_t max_;
};

}  // namespace stampede::gateway
