#include "shared/base/room_pattern.h"

#include <algorithm>

#include "shared/base/ids.h"

namespace stampede {
namespace {

bool is_pattern_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._:-*").find(c) != std::string_view::npos;
}

}  // namespace

Result<RoomPattern> RoomPattern::parse(std::string_view text) {
  if (text.empty() || text.size() > kMaxRoomNameBytes ||
      !std::all_of(text.begin(), text.end(), is_pattern_char)) {
    return Error(Errc::kInvalidArgument, "rooms are named by 1 to " +
                                             std::to_string(kMaxRoomNameBytes) +
                                             " characters of A-Z a-z 0-9 . _ : - and *");
  }
  return RoomPattern(std::string(text));
}

/// When what follows a star does not fit, the star takes one character more; only the last star
/// needs to be reconsidered, so the work is bounded by the product of the lengths.
bool RoomPattern::matches(std::string_view room) const noexcept {
  std::size_t at = 0;
  std::size_t in_room = 0;
  std::size_t after_star = std::string::npos;
  std::size_t taken = 0;
  while (in_room < room.size()) {
    if (at < text_.size() && text_[at] == '*') {
      after_star = ++at;
      taken = in_room;
    } else if (at < text_.size() && text_[at] == room[in_room]) {
      ++at;
      ++in_room;
    } else if (after_star != std::string::npos) {
      at = after_star;
      in_room = ++taken;
    } else {
      return false;
    }
  }
  return text_.find_first_not_of('*', at) == std::string::npos;
}

bool any_matches(const std::vector<RoomPattern>& patterns, std::string_view room) noexcept {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const RoomPattern& pattern) { return pattern.matches(room); });
}

}  // namespace stampede
