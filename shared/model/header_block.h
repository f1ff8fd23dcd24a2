#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shared/model/message.h"

namespace stampede {

/// A message's headers as one column of a store: a line `name:value` per header, in the order sent,
/// each ended by a line feed. Inside names and values `\` `:` LF and CR are written `\\` `\c` `\n`
/// `\r`, as STOMP 1.2 does; every other byte stands for itself, so that any bytes can be kept and
/// an operator can still read and search them.
std::string encode_header_block(const std::vector<MessageHeader>& headers);

/// kProtocol when `block` was not made by `encode_header_block`.
Result<std::vector<MessageHeader>> decode_header_block(std::string_view block);

}  // namespace stampede
