// The names that clients give to places: read and written here only.
#include "gateway/session/destination.h"

#include <optional>

namespace stampede::gateway {
namespace {

constexpr std::string_view kTopic = "/topic/";
constexpr std::string_view kUser = "/user/";
constexpr std::string_view kQueue = "queue/";

Error unknown(std::string_view destination, std::string_view supported) {
  return {Errc::kNotFound, "'" + std::string(destination.substr(0, 256)) +
                               "' is not a destination here; supported: " + std::string(supported)};
}

/// The rest of `text` behind `prefix`; nothing when it does not begin so.
std::optional<std::string_view> behind(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return text.substr(prefix.size());
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return Error(Errc::kInvalidArgument,
                   "in the user's name of a destination % begins two hexadecimal digits, as in %2F "
                   "for a slash");
    }
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

Result<Destination> topic(std::string_view room) {
  auto name = parse_room_name(room);
  if (!name) return name.error();
  return Destination(*std::move(name));
}

Result<Destination> queue_of(UserId user, std::string_view text) {
  auto name = parse_room_name(text);
  if (!name) {
    return Error(Errc::kInvalidArgument,
                 "a queue is named like a room, and " + name.error().detail);
  }
  return Destination(UserQueue{std::move(user), *std::move(name)});
}

}  // namespace

Result<Destination> parse_send_destination(std::string_view destination) {
  constexpr std::string_view kSupported = "/topic/<room>, /user/<user>/queue/<name>";
  if (const auto room = behind(destination, kTopic)) return topic(*room);
  const auto rest = behind(destination, kUser);
  if (!rest) return unknown(destination, kSupported);
  const std::size_t slash = rest->find('/');
  if (slash == std::string_view::npos) return unknown(destination, kSupported);
  const auto name = behind(rest->substr(slash + 1), kQueue);
  if (!name) {
    if (!rest->starts_with(kQueue)) return unknown(destination, kSupported);
    return Error(
        Errc::kInvalidArgument,
        "a SEND names the user: /user/<user>/queue/<name>; /user/queue/<name> is what that "
        "user subscribes to");
  }
  const auto decoded = percent_decoded(rest->substr(0, slash));
  if (!decoded) return decoded.error();
  auto user = parse_user_id(*decoded);
  if (!user) return user.error();
  return queue_of(*std::move(user), *name);
}

Result<Destination> parse_subscribe_destination(std::string_view destination, const UserId& self) {
  constexpr std::string_view kSupported = "/topic/<room>, /user/queue/<name>";
  if (const auto room = behind(destination, kTopic)) return topic(*room);
  const auto rest = behind(destination, kUser);
  if (!rest) return unknown(destination, kSupported);
  if (const auto name = behind(*rest, kQueue)) return queue_of(self, *name);
  if (rest->find("/queue/") == std::string_view::npos) return unknown(destination, kSupported);
  return Error(Errc::kInvalidArgument,
               "a user subscribes to queues of its own, as /user/queue/<name>");
}

std::string_view destination_error(const Error& error) noexcept {
  return error.is(Errc::kNotFound) ? "Unknown destination" : "Invalid destination";
}

std::string destination_of(const Message& message) {
  const bool direct = message.kind == MessageKind::kDirect;
  std::string out;
  out.reserve(kUser.size() + kQueue.size() + message.room.str().size());
  if (direct) {
    out.append(kUser).append(kQueue);
  } else {
    out += kTopic;
  }
  return out += message.room.str();
}

}  // namespace stampede::gateway
