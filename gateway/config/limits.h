#pragma once

#include <cstddef>
#include <vector>

#include "shared/base/clock.h"
#include "shared/base/ip_address.h"
#include "shared/config/option_table.h"
#include "shared/config/parsed.h"

namespace stampede::gateway {

/// What one client may take of a gateway. The initial values are the defaults; `add_limit_options`
/// says what each means, docs/protocol.md what a client is told that runs into it.
struct LimitOptions {
  std::size_t max_connections = 100'000;
  std::size_t max_address_connections = 10'000;  ///< 0: no bound
  std::vector<IpNetwork> trusted_proxies;

  std::size_t max_http_headers = 100;
  std::size_t max_http_header_bytes = 16UL * 1024;
  Milliseconds request_timeout{10'000};

  std::size_t max_ws_frame_bytes = 0;    ///< 0: as many as a message
  std::size_t max_ws_message_bytes = 0;  ///< 0: four STOMP frames of the largest size
  std::size_t max_fragments = 4096;

  std::size_t max_connect_bytes = 64UL * 1024;
  std::size_t max_body_bytes = 256UL * 1024;
  std::size_t max_headers = 64;
  std::size_t max_header_bytes = 16UL * 1024;

  std::size_t max_subscriptions = 256;
  std::size_t max_transactions = 16;
  std::size_t max_transaction_frames = 10'000;
  std::size_t max_transaction_bytes = 4UL * 1024 * 1024;
  std::size_t max_in_flight = 1000;
  std::size_t max_in_flight_bytes = 4UL * 1024 * 1024;
  std::size_t max_unacknowledged_bytes = 4UL * 1024 * 1024;
  std::size_t outbox_bytes = 4UL * 1024 * 1024;

  std::size_t max_rate = 1000;       ///< 0: no bound
  std::size_t max_user_rate = 2000;  ///< 0: no bound
  Milliseconds rate_burst{2000};
  Milliseconds rate_patience{30'000};

  /// A client may put several frames into one message; the STOMP limits hold for each.
  [[nodiscard]] std::size_t ws_message_bytes() const noexcept {
    return max_ws_message_bytes != 0 ? max_ws_message_bytes
                                     : 4 * (max_body_bytes + max_header_bytes);
  }
  [[nodiscard]] std::size_t ws_frame_bytes() const noexcept {
    return max_ws_frame_bytes != 0 ? max_ws_frame_bytes : ws_message_bytes();
  }
};

/// Adds the group "Limits".
void add_limit_options(config::OptionTable& table, LimitOptions& limits);
/// What is wrong with values that are right one by one.
void check_limits(const LimitOptions& limits, const config::OptionTable& table,
                  std::vector<config::Problem>& problems);

}  // namespace stampede::gateway
