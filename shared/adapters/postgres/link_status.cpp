// While the database is away every connection tries again every few seconds; one line when it goes,
// one when the reason changes and one when it is back tell the story better than a line each time.
#include "shared/adapters/postgres/link_status.h"

#include <algorithm>

#include "shared/base/log.h"

namespace stampede::postgres {

LinkStatus::LinkStatus(std::size_t connections, Metrics& metrics, Health& health)
    : health_(health),
      connected_(metrics.gauge("stampede_postgres_connections", "Open connections to PostgreSQL.")),
      reconnects_(metrics.counter("stampede_postgres_reconnects_total",
                                  "Connections to PostgreSQL made again after a loss.")),
      up_(connections, false),
      was_up_(connections, false) {
  health_.set("postgres", false, "not connected yet");
}

void LinkStatus::up(std::size_t connection) {
  const std::lock_guard lock(mutex_);
  if (was_up_[connection]) reconnects_.add();
  up_[connection] = was_up_[connection] = true;
  connected_.set(static_cast<double>(std::count(up_.begin(), up_.end(), true)));
  if (std::find(up_.begin(), up_.end(), false) != up_.end()) return;
  last_reason_.clear();
  health_.set("postgres", true);
  log_info("postgres connected", {{"connections", up_.size()}});
}

void LinkStatus::down(std::size_t connection, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  up_[connection] = false;
  connected_.set(static_cast<double>(std::count(up_.begin(), up_.end(), true)));
  if (reason == last_reason_) return;
  last_reason_ = reason;
  health_.set("postgres", false, reason);
  log_warn("postgres unavailable", {{"reason", reason}});
}

}  // namespace stampede::postgres
