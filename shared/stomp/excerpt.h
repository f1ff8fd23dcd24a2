#pragma once

#include <string>
#include <string_view>

namespace stampede::stomp {

/// A peer's bytes made fit for an error text or a log line: quoted, at most 40 of them, anything
/// that is not printable ASCII as `\xNN`.
[[nodiscard]] std::string excerpt(std::string_view bytes);

}  // namespace stampede::stomp
