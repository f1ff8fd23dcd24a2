#pragma once

#include "gateway/rooms/replay.h"
#include "shared/stomp/frame.h"

namespace stampede::gateway {

/// What the headers `since` and `history` of a SUBSCRIBE ask for. kInvalidArgument says which of
/// them is wrong and what is allowed: one of the two, a position, at most `max_messages` messages.
Result<Replay> parse_replay(const stomp::FrameView& frame, std::size_t max_messages);

}  // namespace stampede::gateway
