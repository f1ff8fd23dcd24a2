#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shared/base/error.h"

namespace stampede {

/// Which rooms something is about: a whole room name in which `*` stands for any run of characters,
/// none and dots among them. Case matters. Any thread.
class RoomPattern {
 public:
  /// kInvalidArgument unless it is 1 to 200 characters of a room name or `*`.
  static Result<RoomPattern> parse(std::string_view text);

  [[nodiscard]] bool matches(std::string_view room) const noexcept;
  [[nodiscard]] const std::string& str() const noexcept { return text_; }

 private:
  explicit RoomPattern(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

/// Whether any of them matches.
[[nodiscard]] bool any_matches(const std::vector<RoomPattern>& patterns,
                               std::string_view room) noexcept;

}  // namespace stampede
