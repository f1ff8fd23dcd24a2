#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shared/base/error.h"

namespace stampede::redis {

/// Where a Redis server is and how to log in.
struct Server {
  std::string host;
  std::uint16_t port = 6379;
  std::string user;      ///< empty: the default user
  std::string password;  ///< empty: none
  int database = 0;
};

/// Reads `redis://[[user]:password@]host[:port][/database]`; user and password may be
/// percent-encoded, an IPv6 address stands in brackets. kInvalidArgument says what is wrong with it
/// and never repeats the credentials.
Result<Server> parse_redis_url(std::string_view url);

}  // namespace stampede::redis
