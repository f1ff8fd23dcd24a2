#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shared/base/error.h"
#include "shared/http/message.h"

namespace stampede::http {

/// A request target taken apart. The views point into the text that was parsed.
struct Target {
  std::string_view raw_path;               ///< "/rooms/a%2Fb", without scheme, host and query
  std::vector<std::string_view> segments;  ///< of raw_path, still encoded: "rooms", "a%2Fb"
  std::string path;                        ///< decoded
  Pairs query;                             ///< decoded; "+" is a space
};

/// Accepts the origin form ("/a?b") and the absolute form ("http://host/a?b"). kInvalidArgument
/// when a percent-encoding is malformed or yields NUL or bytes that are not UTF-8.
Result<Target> parse_target(std::string_view target);

/// "%41" -> "A". Errors as above; `what` ("path") opens the text of the error.
Result<std::string> percent_decode(std::string_view encoded, std::string_view what);

}  // namespace stampede::http
