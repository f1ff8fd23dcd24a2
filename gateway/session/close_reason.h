#pragma once

#include <cstdint>
#include <string_view>

namespace stampede::gateway {

/// Why a connection ends. The catalogue is part of the protocol (docs/protocol.md): the number is
/// the WebSocket close code (RFC 6455 section 7.4; 4000-4999 are ours), the text its reason, the
/// label that of `stampede_gateway_closed_total`.
enum class CloseReason : std::uint8_t {
  kClientLeft,       ///< DISCONNECT, a close frame, or end of stream
  kTransportFailed,  ///< the socket broke
  kShuttingDown,     ///< the gateway drains
  kProtocolError,    ///< WebSocket framing was violated
  kBadText,          ///< a text message was not UTF-8
  kBadCompression,   ///< a compressed message cannot be inflated
  kMessageTooBig,    ///< over a size limit
  kStompError,       ///< an ERROR frame was sent
  kConnectTimeout,   ///< no CONNECT in time
  kHeartBeatMissed,  ///< silent for longer than agreed
  kSlowConsumer,     ///< more waits to be sent than the outbox may hold
  kTooFast,          ///< more frames a second than a rate allows
  kRoomFull,         ///< a room takes no more users
  kLoginRefused,     ///< CONNECT or a refresh did not prove who the client is
  kAccessRefused,    ///< the user may not do that in that room
  kTokenExpired,     ///< and the grace is over
  kRevoked,          ///< the user or the token was revoked
  kOverloaded,       ///< a bound of the gateway is reached
  kInternalError,    ///< our fault
};

struct CloseInfo {
  std::uint16_t websocket_code;
  std::string_view text;
  std::string_view label;
};

/// What the catalogue says of a reason; views of constants.
CloseInfo close_info(CloseReason reason) noexcept;

}  // namespace stampede::gateway
