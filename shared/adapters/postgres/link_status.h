#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "shared/base/health.h"
#include "shared/base/metrics.h"

namespace stampede::postgres {

/// Turns the states of the store's connections into one health component: ready when all are up.
/// Logs changes, not attempts. Any thread; `health` and `metrics` outlive it.
class LinkStatus {
 public:
  LinkStatus(std::size_t connections, Metrics& metrics, Health& health);

  void up(std::size_t connection);
  void down(std::size_t connection, const std::string& reason);

 private:
  Health& health_;
  Gauge connected_;
  Counter reconnects_;
  std::mutex mutex_;
  std::vector<bool> up_;  ///< guarded by mutex_, as is all that follows
  std::vector<bool> was_up_;
  std::string last_reason_;
};

}  // namespace stampede::postgres
