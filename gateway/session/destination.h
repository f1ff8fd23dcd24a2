#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "shared/model/message.h"
#include "shared/ports/user_directory.h"

namespace stampede::gateway {

/// Where a SEND goes, or what a SUBSCRIBE is to: a room, or a user's queue.
using Destination = std::variant<RoomName, UserQueue>;

/// `/topic/<room>` or `/user/<user>/queue/<name>`, where bytes of the user's name that are not
/// unreserved in a URL (RFC 3986) may be, and `/` and `%` must be, percent-encoded. kNotFound with
/// what is supported, or kInvalidArgument with what is wrong with a name.
Result<Destination> parse_send_destination(std::string_view destination);

/// `/topic/<room>`, or `/user/queue/<name>`, which is a queue of `self`. Errors as above.
Result<Destination> parse_subscribe_destination(std::string_view destination, const UserId& self);

/// The `message` of the ERROR for an error of one of these.
std::string_view destination_error(const Error& error) noexcept;

/// As the MESSAGE's header has it.
std::string destination_of(const Message& message);

}  // namespace stampede::gateway
