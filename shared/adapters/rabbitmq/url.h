#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shared/base/error.h"

namespace stampede::rabbitmq {

/// Where a broker is and how to log in there.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  std::string user;
  std::string password;
  std::string vhost;
  bool tls = false;
  std::string ca_file;      ///< PEM; empty: the system's authorities
  bool verify_peer = true;  ///< the certificate's chain and name

  /// `host:port`, for logs.
  [[nodiscard]] std::string address() const;
};

/// Reads `amqp[s]://[user[:password]@]host[:port][/vhost][?cacertfile=PATH&verify=verify_none]`,
/// parts percent-encoded, as https://www.rabbitmq.com/uri-spec.html and uri-query-parameters.html
/// have it. Left out: guest, guest, 5672 (5671 for amqps), vhost "/". kInvalidArgument says what is
/// wrong and never repeats the password.
Result<Endpoint> parse_url(std::string_view url);

}  // namespace stampede::rabbitmq
