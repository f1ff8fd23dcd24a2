#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/error.h"

namespace stampede::http {

/// Which web pages may talk to a server, judged by the Origin header (RFC 6454): browsers send it
/// with every WebSocket handshake and cross-origin request, and no page can change it. What is not
/// a browser may send anything, so this protects users of browsers, not the server. Immutable; any
/// thread.
class OriginPolicy {
 public:
  /// `listed`: origins as browsers write them, in lower case ("https://chat.example"), and nothing
  /// else is let in then; "*" lets in all. With an empty list: pages of the host that the request
  /// is for and, when the server listens on `loopback` only, pages of this machine.
  OriginPolicy(std::vector<std::string> listed, bool loopback)
      : listed_(std::move(listed)), loopback_(loopback) {}

  /// A request without an Origin is no page's and is let in. `host` is the Host header's value.
  /// kDenied names the origin and what would be let in.
  [[nodiscard]] Result<void> check(std::optional<std::string_view> origin,
                                   std::string_view host) const;

 private:
  [[nodiscard]] bool allows(std::string_view origin, std::string_view host) const;

  std::vector<std::string> listed_;
  bool loopback_;
};

}  // namespace stampede::http
