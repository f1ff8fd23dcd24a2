#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "shared/base/metrics.h"

namespace stampede::gateway {

/// The bounds that a client can run into; docs/protocol.md lists their options and what is said.
/// Those of HTTP are counted by the HTTP server.
enum class Limit : std::uint8_t {
  kConnections,         ///< of the gateway
  kAddressConnections,  ///< of one address
  kConnectTime,         ///< until CONNECT
  kBeforeConnect,       ///< bytes of a frame before CONNECTED
  kWsFrame,             ///< bytes of a WebSocket frame
  kWsMessage,           ///< bytes of a WebSocket message
  kFragments,           ///< of a WebSocket message
  kHeaders,             ///< of a STOMP frame
  kHeaderBytes,
  kBody,
  kSubscriptions,  ///< of a session
  kTransactions,
  kTransactionFrames,
  kTransactionBytes,
  kSessionRate,     ///< frames a second of a session
  kUserRate,        ///< of a user's sessions together
  kOutbox,          ///< bytes that wait to be sent
  kUnacknowledged,  ///< bytes sent or waiting to be, and not acknowledged
  kRoomCapacity,    ///< users of a room
};

/// Its `limit` label; a view of a constant.
std::string_view label_of(Limit limit) noexcept;

/// What slows a session down instead of ending it.
enum class Slowing : std::uint8_t { kSessionRate, kUserRate, kInFlight };

/// Counts what clients ran into. Shards share the metrics. Outlived by `Metrics`.
class LimitMetrics {
 public:
  explicit LimitMetrics(Metrics& metrics);

  /// Something was refused.
  void hit(Limit limit) const { hits_[static_cast<std::size_t>(limit)].add(); }
  /// A session is not read from for a while.
  void slowed(Slowing by) const { slowed_[static_cast<std::size_t>(by)].add(); }

 private:
  std::vector<Counter> hits_;    ///< indexed by Limit
  std::vector<Counter> slowed_;  ///< indexed by Slowing
};

}  // namespace stampede::gateway
