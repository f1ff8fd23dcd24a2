#pragma once

#include "shared/model/message.h"
#include "shared/ports/presence.h"

namespace stampede::gateway {

/// What those who watch a room are told, as messages of the kind kPresence: headers `event`,
/// `members` (the number of users) and, of join and leave, `user`. Their position is the version of
/// the room's users (shared/ports/presence.h); clients do not see it. By nobody, with the time.

/// `event:join` or `event:leave`, for every gateway.
MessageRef change_message(const PresenceChange& change, const GatewayId& origin,
                          std::int64_t timestamp_ms);
/// `event:count`: more changes than are told one by one, the last of them `latest`. Its position
/// follows on anything.
MessageRef count_message(const PresenceChange& latest, const GatewayId& origin,
                         std::int64_t timestamp_ms);
/// `event:members`, never sent between gateways: the users themselves as JSON, unless there are too
/// many of them.
MessageRef members_message(const RoomName& room, const RoomUsers& users, std::int64_t timestamp_ms);

/// Whether it is a `count_message`.
bool is_count(const Message& message) noexcept;

}  // namespace stampede::gateway
