#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

#include "gateway/net/ws_deflate_offer.h"

namespace stampede::gateway {

/// The answer to a request to become a WebSocket (RFC 6455 section 4.2).
struct WsHandshake {
  bool accepted = false;
  std::string response;          ///< HTTP bytes: the 101, or a refusal with its reason as body
  std::string_view subprotocol;  ///< "v12.stomp", "v11.stomp", "v10.stomp", or empty
  std::optional<WsDeflateAgreement> deflate{};
};

/// Pure. Chooses the highest STOMP subprotocol that is offered; a client that offers none, or
/// others only, is accepted without one: the STOMP version comes from CONNECT. Agrees on
/// permessage-deflate when `deflate` and the client want it.
[[nodiscard]] WsHandshake answer_ws_handshake(
    const boost::beast::http::request_header<boost::beast::http::fields>& request,
    bool deflate = false);

/// `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`.
[[nodiscard]] std::string ws_accept_key(std::string_view key);

}  // namespace stampede::gateway
