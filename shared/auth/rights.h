#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/error.h"
#include "shared/base/ids.h"
#include "shared/base/room_pattern.h"

namespace stampede::auth {

/// What one may do, in a room or to a user. The values are bits of a rule's verbs.
enum class Verb : std::uint8_t {
  kRead = 1,      ///< subscribe, and read the history
  kSend = 2,      ///< publish messages
  kPresence = 4,  ///< see who is in the room
  kDirect = 8,    ///< send direct messages to the user
};

/// "read", "send", "presence", "direct": as they are written in configuration and claims.
std::string_view to_string(Verb verb) noexcept;
/// kInvalidArgument names the verbs that are allowed.
Result<Verb> parse_verb(std::string_view text);

/// What somebody may do: rules, each of which only adds. A rule's pattern is over the names of
/// rooms, and for Verb::kDirect over those of users. Nothing is allowed by default. Immutable once
/// it is shared; any thread.
class Rights {
 public:
  static constexpr std::size_t kMaxRules = 256;

  static Rights everything();

  /// Adds a rule; `verbs` are ORed bits of Verb, and none of them is no rule. kTooLarge beyond
  /// kMaxRules.
  Result<void> add(RoomPattern match, std::uint8_t verbs);

  [[nodiscard]] bool allow(const RoomName& room, Verb verb) const noexcept {
    return allow(room.str(), verb);
  }
  /// Verb::kDirect.
  [[nodiscard]] bool allow_direct(const UserId& recipient) const noexcept {
    return allow(recipient.str(), Verb::kDirect);
  }
  [[nodiscard]] bool empty() const noexcept { return rules_.empty(); }
  /// As `parse_rights` reads it: "lecture.*=read,send;*=read", or "none".
  [[nodiscard]] std::string str() const;

 private:
  struct Rule {
    RoomPattern match;
    std::uint8_t verbs;
  };

  [[nodiscard]] bool allow(std::string_view name, Verb verb) const noexcept;

  std::vector<Rule> rules_;
};

/// "lecture.*=read,send;*=read" as it stands in configuration and in a users file; "none" is no
/// right at all. kInvalidArgument says which rule is wrong and what is allowed.
Result<Rights> parse_rights(std::string_view text);

}  // namespace stampede::auth
