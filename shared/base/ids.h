#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "shared/base/error.h"

namespace stampede {

/// A string that cannot be mistaken for another kind of string.
template <class Tag>
class StrongString {
 public:
  StrongString() = default;
  explicit StrongString(std::string value) : value_(std::move(value)) {}

  [[nodiscard]] const std::string& str() const noexcept { return value_; }
  [[nodiscard]] bool empty() const noexcept { return value_.empty(); }

  friend bool operator==(const StrongString&, const StrongString&) = default;
  friend auto operator<=>(const StrongString&, const StrongString&) = default;

 private:
  std::string value_;
};

/// A room: 1 to 200 characters of `[A-Za-z0-9._:-]`. Build it from a client's text with
/// `parse_room_name` only.
using RoomName = StrongString<struct RoomNameTag>;
/// A user as the authenticator names it: 1 to 200 bytes of UTF-8 without control characters.
using UserId = StrongString<struct UserIdTag>;
/// One run of one gateway process: its name and a random part, so that a restart is a new gateway.
using GatewayId = StrongString<struct GatewayIdTag>;
/// One client connection, unique over the cluster: gateway id, shard and a counter.
using SessionId = StrongString<struct SessionIdTag>;

inline constexpr std::size_t kMaxRoomNameBytes = 200;
inline constexpr std::size_t kMaxUserIdBytes = 200;
/// Of a sender's `message-key`.
inline constexpr std::size_t kMaxMessageKeyBytes = 200;

/// kInvalidArgument with a text that names the character or the length that is not allowed.
Result<RoomName> parse_room_name(std::string_view text);
Result<UserId> parse_user_id(std::string_view text);

/// Position of a message in its room: a hybrid logical clock in microseconds since 1970, below
/// 2^53 so that it is exact in a JavaScript number. 0 = none, or unknown.
using Seq = std::int64_t;
inline constexpr Seq kNoSeq = 0;

/// Identity of a message: a UUID version 7 (RFC 9562 section 5.7), so ids sort by creation time.
struct MessageId {
  std::array<std::uint8_t, 16> bytes{};

  friend bool operator==(const MessageId&, const MessageId&) = default;
  friend auto operator<=>(const MessageId&, const MessageId&) = default;
};

/// A new id from the wall clock and the system's random source. Any thread; ids made by one thread
/// strictly increase.
MessageId new_message_id();
/// The 36 characters `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, lower case.
std::string to_string(const MessageId& id);
/// kInvalidArgument when the text is not 36 characters of that form.
Result<MessageId> parse_message_id(std::string_view text);

/// `bytes` random bytes in lower-case hex; for ids that must not be guessed or repeated.
std::string random_hex(std::size_t bytes);

}  // namespace stampede

template <class Tag>
struct std::hash<stampede::StrongString<Tag>> {
  std::size_t operator()(const stampede::StrongString<Tag>& value) const noexcept {
    return std::hash<std::string>{}(value.str());
  }
};

template <>
struct std::hash<stampede::MessageId> {
  std::size_t operator()(const stampede::MessageId& id) const noexcept {
    return std::hash<std::string_view>{}(
        {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
  }
};
