#include "gateway/config/limits.h"

#include "shared/config/list_value.h"

namespace stampede::gateway {
namespace {

using config::OptionTable;
using config::Problem;

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

void add_connection_limits(OptionTable& table, LimitOptions& c) {
  table
      .add("max-connections", config::count_value(c.max_connections, 1, 10'000'000),
           "Client connections of this gateway.")
      .add("max-address-connections", config::count_value(c.max_address_connections, 0, 10'000'000),
           "Client connections of one IPv4 address or one IPv6 /64; 0 is no bound.")
      .add("trusted-proxies", config::networks_value(c.trusted_proxies),
           "Proxies whose X-Forwarded-For says which address a client has. Without it a proxy's "
           "clients count as one address.")
      .add("max-http-headers", config::count_value(c.max_http_headers, 8, 1000),
           "Header fields of one HTTP request, upgrades included.")
      .add("max-http-header-bytes", config::size_value(c.max_http_header_bytes, kKiB, kMiB),
           "All header fields of one HTTP request, upgrades included.")
      .add("max-ws-frame", config::size_value(c.max_ws_frame_bytes, 0, 1024 * kMiB),
           "One WebSocket frame; 0 is as much as a message.")
      .add("max-ws-message", config::size_value(c.max_ws_message_bytes, 0, 1024 * kMiB),
           "One WebSocket message; 0 is four times --max-body and --max-header-bytes.")
      .add("max-fragments", config::count_value(c.max_fragments, 1, 1'000'000),
           "Fragments of one WebSocket message.");
}

void add_frame_limits(OptionTable& table, LimitOptions& c) {
  table
      .add("max-connect-bytes", config::size_value(c.max_connect_bytes, kKiB, kMiB),
           "A frame of a client that is not connected yet, its body included.")
      .add("max-body", config::size_value(c.max_body_bytes, kKiB, 64 * kMiB), "Body of one frame.")
      .add("max-headers", config::count_value(c.max_headers, 8, 1000), "Headers of one frame.")
      .add("max-header-bytes", config::size_value(c.max_header_bytes, kKiB, kMiB),
           "All headers of one frame.");
}

void add_session_limits(OptionTable& table, LimitOptions& c) {
  table
      .add("max-subscriptions", config::count_value(c.max_subscriptions, 1, 100'000),
           "Subscriptions of one session.")
      .add("max-transactions", config::count_value(c.max_transactions, 1, 10'000),
           "Transactions that one session has open.")
      .add("max-transaction-frames", config::count_value(c.max_transaction_frames, 1, 1'000'000),
           "Frames that one transaction holds.")
      .add("max-transaction-bytes", config::size_value(c.max_transaction_bytes, kKiB, 1024 * kMiB),
           "Headers and bodies that the open transactions of one session hold; at least one frame "
           "of the largest size.")
      .add("max-in-flight", config::count_value(c.max_in_flight, 1, 1'000'000),
           "SENDs of one session that wait to be confirmed; beyond it the session is not read "
           "from.")
      .add("max-in-flight-bytes", config::size_value(c.max_in_flight_bytes, kKiB, 1024 * kMiB),
           "Headers and bodies of those SENDs.")
      .add("max-unacknowledged-bytes",
           config::size_value(c.max_unacknowledged_bytes, kKiB, 1024 * kMiB),
           "Bodies that wait for a session's ACKs, sent to it or not, at least four of the largest "
           "size; one that acknowledges too little is closed with a reason.")
      .add("outbox-bytes", config::size_value(c.outbox_bytes, 64 * kKiB, 1024 * kMiB),
           "What may wait to be sent to one client; one that is slower is closed with a reason.");
}

void add_rate_limits(OptionTable& table, LimitOptions& c) {
  table
      .add("max-rate", config::count_value(c.max_rate, 0, 1'000'000),
           "SEND and SUBSCRIBE frames a second of one session; beyond it the session is read from "
           "more slowly. 0 is no bound.")
      .add("max-user-rate", config::count_value(c.max_user_rate, 0, 1'000'000),
           "The same for all sessions that one user has on this gateway.")
      .add("rate-burst",
           config::duration_value(c.rate_burst, Milliseconds(100), Milliseconds(60'000)),
           "Frames of so much time may come at once before a rate counts.")
      .add("rate-patience",
           config::duration_value(c.rate_patience, Milliseconds(0), Milliseconds(86'400'000)),
           "How long a session may go on at its rate without a pause before it is closed with a "
           "reason.");
}

}  // namespace

void add_limit_options(OptionTable& table, LimitOptions& limits) {
  table.group("Limits");
  add_connection_limits(table, limits);
  add_frame_limits(table, limits);
  add_session_limits(table, limits);
  add_rate_limits(table, limits);
}

void check_limits(const LimitOptions& limits, const OptionTable& table,
                  std::vector<Problem>& problems) {
  if (limits.outbox_bytes >= limits.max_body_bytes + limits.max_header_bytes) return;
  problems.push_back({table.at("outbox-bytes").where(),
                      config::show_size(limits.outbox_bytes) +
                          " cannot hold one frame of the largest size allowed: --max-body " +
                          config::show_size(limits.max_body_bytes) + " and --max-header-bytes " +
                          config::show_size(limits.max_header_bytes) +
                          "; give more, or allow less"});
}

}  // namespace stampede::gateway
