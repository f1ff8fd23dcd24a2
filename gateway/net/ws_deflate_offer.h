#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "gateway/net/ws_extensions.h"

namespace stampede::gateway {

/// What client and server agreed on for permessage-deflate (RFC 7692). Neither side keeps its
/// context from message to message: a connection between messages holds no zlib state, and a
/// compressed message means the same to every connection.
struct WsDeflateAgreement {
  /// How far back what we send may refer, where the client said so. No message refers further than
  /// its own beginning, so it bounds which messages are sent compressed, not how they are.
  std::optional<int> server_window_bits{};

  [[nodiscard]] std::size_t largest_compressed_message() const noexcept {
    return std::size_t{1} << server_window_bits.value_or(15);
  }
  /// The value of `Sec-WebSocket-Extensions` in the answer.
  [[nodiscard]] std::string header() const;
};

/// The first offer that section 7.1 of RFC 7692 lets a server accept; nullopt when there is none,
/// and the connection then goes on uncompressed. Pure.
[[nodiscard]] std::optional<WsDeflateAgreement> agree_on_deflate(
    std::span<const WsExtension> offers);

}  // namespace stampede::gateway
