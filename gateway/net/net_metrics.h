#pragma once

#include <vector>

#include "gateway/session/close_reason.h"
#include "gateway/session/limit.h"
#include "gateway/session/outbox.h"
#include "shared/base/metrics.h"

namespace stampede::gateway {

/// What the connections of a shard count; shards share the metrics. Outlived by `Metrics`.
struct NetMetrics {
  explicit NetMetrics(Metrics& metrics);

  [[nodiscard]] const Counter& closed(CloseReason reason) const {
    return closed_by_reason[static_cast<std::size_t>(reason)];
  }

  /// What is counted for each kind of transport.
  struct Transport {
    Transport(Metrics& metrics, const char* name);

    Gauge connections;
    Counter accepted;
  };
  [[nodiscard]] const Transport& transport(Framing framing) const noexcept {
    return framing == Framing::kWebSocket ? websocket : tcp;
  }

  Transport websocket;
  Transport tcp;
  Counter accept_failures;
  Counter refused_handshake;
  Counter refused_full;
  Counter refused_origin;
  LimitMetrics limits;
  Counter received_bytes;
  Counter sent_bytes;
  Counter write_calls;
  Counter flushes;
  Counter dropped_bytes;
  Counter deflate_agreed;
  Counter deflated;
  Counter deflate_useless;
  Counter deflated_bytes_before;
  Counter deflated_bytes_after;
  Counter inflated_bytes;
  std::vector<Counter> closed_by_reason;  ///< indexed by CloseReason
};

}  // namespace stampede::gateway
