#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shared/model/message.h"

namespace stampede {

/// A page of messages in one piece, every byte as it was sent: what the REST API gives to gateways,
/// which hand it on to clients. JSON would lose repeated headers and headers that are not UTF-8.
/// Integers big-endian:
///
///     u8 version | u8 flags: 1 = there are older ones, 2 = there are newer ones
///     then for each message: u32 length, wire form (shared/model/wire.h)
struct MessageBlock {
  std::vector<MessageRef> messages;
  bool older = false;
  bool newer = false;
};

inline constexpr std::string_view kMessageBlockType = "application/vnd.stampede.messages";

std::string encode_message_block(const MessageBlock& block);

/// kProtocol when `bytes` is not a whole block; `detail` says why.
Result<MessageBlock> decode_message_block(std::string_view bytes);

}  // namespace stampede
