#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stampede::gateway {

/// One element of `Sec-WebSocket-Extensions`: `name; key; key=value`.
struct WsExtension {
  struct Parameter {
    std::string name;
    std::optional<std::string> value;  ///< unquoted
  };

  std::string name;
  std::vector<Parameter> parameters;
};

/// Appends the elements of one header line to `into`, in order. False, and `into` is then of no
/// use, for a line that is not the list of RFC 6455 section 9.1. An empty line is an empty list.
[[nodiscard]] bool parse_ws_extensions(std::string_view line, std::vector<WsExtension>& into);

}  // namespace stampede::gateway
