#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shared/base/error.h"

namespace stampede::config {

/// Where to listen: an IP address and a port.
struct Endpoint {
  std::string address;  ///< IPv4 or IPv6 without brackets
  std::uint16_t port = 0;

  /// Whether only this machine can reach it.
  [[nodiscard]] bool loopback() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// "127.0.0.1:8080", "[::1]:8080", "localhost:8080". A port alone is refused: whether everyone or
/// only this machine may connect should be said, not guessed.
Result<Endpoint> parse_endpoint(std::string_view text);
std::string to_string(const Endpoint& endpoint);

}  // namespace stampede::config
