#pragma once

#include <string>
#include <string_view>

#include "shared/model/message.h"

namespace stampede {

/// The binary form of a message between Stampede's own processes: payload of the rooms and storage
/// exchanges and entry of Redis' recent lists. Integers big-endian, lengths as LEB128 varints:
///
///     u8 version | i64 seq | i64 prev | 16 bytes id | i64 timestamp_ms | u8 kind (version 2)
///     recipient (kind 3 only) | room | sender | origin | key | content_type
///                                                      each: varint length, bytes
///     varint header count, then per header: name, value (varint length, bytes)
///     varint body length, body
///
/// Chat is written as version 1, which has no kind, so that programs of before read it and what
/// they have written stays readable; every other kind is written as version 2. A first byte of 3 is
/// a parcel (parcel.h) and never a message.
///
/// Position stands at a fixed place, so it can be set in an encoded message.
inline constexpr char kChatWireVersion = 1;
inline constexpr char kKindWireVersion = 2;

std::string encode_message(const Message& message);
/// The same behind what is in `out`.
void append_message(std::string& out, const Message& message);
/// Bytes of `encode_message(message)`.
std::size_t encoded_size(const Message& message);

/// kProtocol when `wire` is not a whole, well-formed message of a known version; `detail` says
/// which field ended early or was out of range.
Result<Message> decode_message(std::string_view wire);

/// Sets the position inside `wire`, which must come from `encode_message`.
void set_wire_position(std::string& wire, Position position);

}  // namespace stampede
