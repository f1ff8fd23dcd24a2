#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "gateway/session/transport.h"

namespace stampede::gateway {

/// What is known of a connection before its first frame; views are valid during the call.
struct ConnectionInfo {
  std::string_view peer;         ///< "192.0.2.1:5000"
  std::string_view subprotocol;  ///< "v12.stomp" …, or empty; informational, CONNECT decides
  std::string_view authorization =
      {};  ///< of the HTTP request, or empty; a CONNECT's own counts more
};

/// Makes the session of a new connection, on the shard's thread. The connection owns it and
/// destroys it, posted, right after `on_closed`; the transport outlives it. Never returns nullptr.
using SessionFactory =
    std::function<std::shared_ptr<SessionInput>(Transport& transport, const ConnectionInfo& info)>;

}  // namespace stampede::gateway
