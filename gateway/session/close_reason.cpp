// The catalogue. Codes below 4000 are those of RFC 6455 section 7.4.1 and the IANA registry.
#include "gateway/session/close_reason.h"

namespace stampede::gateway {

CloseInfo close_info(CloseReason reason) noexcept {
  switch (reason) {
    case CloseReason::kClientLeft: return {1000, "goodbye", "client_left"};
    // Never sent: there is no one left to read it.
    case CloseReason::kTransportFailed: return {1006, "connection lost", "transport_failed"};
    case CloseReason::kShuttingDown: return {1001, "gateway is shutting down", "shutting_down"};
    case CloseReason::kProtocolError: return {1002, "WebSocket protocol error", "protocol_error"};
    case CloseReason::kBadText: return {1007, "text message is not UTF-8", "bad_text"};
    case CloseReason::kBadCompression:
      return {1007, "compressed message cannot be inflated", "bad_compression"};
    case CloseReason::kMessageTooBig: return {1009, "message too big", "message_too_big"};
    case CloseReason::kStompError: return {4000, "see the ERROR frame", "stomp_error"};
    case CloseReason::kConnectTimeout: return {4001, "no CONNECT in time", "connect_timeout"};
    case CloseReason::kHeartBeatMissed: return {4002, "heart-beat missed", "heart_beat_missed"};
    case CloseReason::kSlowConsumer: return {4003, "slow consumer", "slow_consumer"};
    case CloseReason::kTooFast: return {4004, "too many messages", "too_fast"};
    case CloseReason::kRoomFull: return {4005, "room is full", "room_full"};
    case CloseReason::kLoginRefused: return {4010, "log-in refused", "login_refused"};
    case CloseReason::kAccessRefused: return {4011, "access refused", "access_refused"};
    case CloseReason::kTokenExpired: return {4012, "token expired", "token_expired"};
    case CloseReason::kRevoked: return {4013, "log-in revoked", "revoked"};
    case CloseReason::kOverloaded: return {1013, "gateway is overloaded", "overloaded"};
    case CloseReason::kInternalError: return {1011, "internal error", "internal_error"};
  }
  return {1011, "internal error", "internal_error"};
}

}  // namespace stampede::gateway
