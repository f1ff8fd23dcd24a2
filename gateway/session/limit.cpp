#include "gateway/session/limit.h"

#include <string>

namespace stampede::gateway {

std::string_view label_of(Limit limit) noexcept {
  switch (limit) {
    case Limit::kConnections: return "connections";
    case Limit::kAddressConnections: return "address_connections";
    case Limit::kConnectTime: return "connect_time";
    case Limit::kBeforeConnect: return "before_connect";
    case Limit::kWsFrame: return "ws_frame";
    case Limit::kWsMessage: return "ws_message";
    case Limit::kFragments: return "fragments";
    case Limit::kHeaders: return "headers";
    case Limit::kHeaderBytes: return "header_bytes";
    case Limit::kBody: return "body";
    case Limit::kSubscriptions: return "subscriptions";
    case Limit::kTransactions: return "transactions";
    case Limit::kTransactionFrames: return "transaction_frames";
    case Limit::kTransactionBytes: return "transaction_bytes";
    case Limit::kSessionRate: return "session_rate";
    case Limit::kUserRate: return "user_rate";
    case Limit::kOutbox: return "outbox";
    case Limit::kUnacknowledged: return "unacknowledged";
    case Limit::kRoomCapacity: return "room_capacity";
  }
  return "unknown";
}

LimitMetrics::LimitMetrics(Metrics& metrics) {
  for (int i = 0; i <= static_cast<int>(Limit::kRoomCapacity); ++i) {
    hits_.push_back(metrics.counter("stampede_gateway_limit_hits_total",
                                    "Refusals because a client ran into a limit, by which.",
                                    {{"limit", std::string(label_of(static_cast<Limit>(i)))}}));
  }
  for (const char* by : {"session_rate", "user_rate", "in_flight"}) {
    slowed_.push_back(metrics.counter("stampede_gateway_slowed_total",
                                      "Times that a session was not read from for a while, by the "
                                      "limit that made it wait.",
                                      {{"limit", by}}));
  }
}

}  // namespace stampede::gateway
