#pragma once

#include <string_view>

namespace stampede::stomp {

/// STOMP 1.0's own examples put blanks before the values of headers, and its clients do the same;
/// 1.1 and 1.2 forbid to trim. Whether blanks around the value of that header are padding in 1.0:
/// of the headers that its specification defines they are, except of `passcode`, which may begin
/// with one. A sender's own headers stay as they are.
[[nodiscard]] bool may_be_padded(std::string_view name) noexcept;

/// Without the blanks at both ends.
[[nodiscard]] std::string_view without_padding(std::string_view value) noexcept;

}  // namespace stampede::stomp
