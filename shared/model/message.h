#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/ids.h"

namespace stampede {

/// A header that the sender put on the message and that is passed on as it came.
struct MessageHeader {
  std::string name;
  std::string value;

  friend bool operator==(const MessageHeader&, const MessageHeader&) = default;
};

/// Where a message stands in its room. Messages of a room form the chain prev -> seq: whoever knows
/// `last` and gets a message with `prev != last` knows that something is missing.
struct Position {
  Seq seq = kNoSeq;
  Seq prev = kNoSeq;

  friend bool operator==(const Position&, const Position&) = default;
};

/// What becomes of a message. The numbers are part of the wire form.
enum class MessageKind : std::uint8_t {
  kChat = 0,        ///< has a place in its room, and is stored
  kEphemeral = 1,   ///< `persistent:false`: live only, without a position, dropped first
  kPresence = 2,    ///< made by gateways for those who asked for presence; live only
  kDirect = 3,      ///< to a user instead of a room; live only
  kStoreFirst = 4,  ///< like chat, but nobody gets it before it is stored: the workers publish it
  kStored = 5,      ///< a worker's word to the origin: the message of that id is stored
  kRefused = 6,     ///< the same: it never will be; the body says why
};

/// One message. Immutable once it is shared: everything after the session holds a
/// `MessageRef`.
struct Message {
  MessageId id;  ///< identity; storage keeps one row per id
  MessageKind kind = MessageKind::kChat;
  RoomName room;      ///< of direct messages: the name of the recipient's queue
  UserId recipient;   ///< of direct messages only
  Position position;  ///< unset until the RoomDirectory has sequenced it
  UserId sender;
  GatewayId origin;                    ///< the gateway whose client sent it
  std::int64_t timestamp_ms = 0;       ///< milliseconds since 1970, by the origin's clock
  std::string key;                     ///< the sender's idempotency key (`message-key`), or empty
  std::string content_type;            ///< as sent, or empty
  std::vector<MessageHeader> headers;  ///< the sender's own, in the order sent
  std::string body;                    ///< any bytes

  friend bool operator==(const Message&, const Message&) = default;
};

using MessageRef = std::shared_ptr<const Message>;

/// Whether it has a place in a room.
[[nodiscard]] inline bool is_chat(const Message& message) noexcept {
  return message.kind == MessageKind::kChat || message.kind == MessageKind::kStoreFirst;
}
/// Whether it is for a gateway, or those of its sessions that it names, and not for a room.
[[nodiscard]] inline bool is_addressed(const Message& message) noexcept {
  return message.kind == MessageKind::kDirect || message.kind == MessageKind::kStored ||
         message.kind == MessageKind::kRefused;
}

/// The sequenced copy of `message`.
MessageRef with_position(const Message& message, Position position);
/// A copy that begins its headers with `header`.
MessageRef with_header(const Message& message, MessageHeader header);

}  // namespace stampede
