// STOMP 1.0 "SUBSCRIBE", "CONNECT": the examples are padded. Kept apart from the decoder, which
// otherwise gives every value as it came.
#include "shared/stomp/padding.h"

#include <algorithm>
#include <array>

namespace stampede::stomp {

bool may_be_padded(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 8> kDefined{
      "destination", "ack",        "id",    "transaction",
      "receipt",     "message-id", "login", "content-length"};
  return std::find(kDefined.begin(), kDefined.end(), name) != kDefined.end();
}

std::string_view without_padding(std::string_view value) noexcept {
  const std::size_t first = std::min(value.find_first_not_of(' '), value.size());
  value.remove_prefix(first);
  return value.substr(0, value.find_last_not_of(' ') + 1);
}

}  // namespace stampede::stomp
