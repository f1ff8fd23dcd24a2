// Input: one encoded message (shared/model/wire.h says how) or a parcel of some (parcel.h), or what
// may come instead of one.
//
// Promises: whatever is accepted is a message that can be encoded and read again as it was; so are
// its headers in the form that stores keep; a position can be set in what was encoded.
// What is in a parcel can be put into one again, as it was.
#include "shared/model/wire.h"

#include "shared/model/header_block.h"
#include "shared/model/parcel.h"
#include "tests/fuzz/finding.h"
#include "tests/fuzz/notation.h"
#include "tests/fuzz/targets.h"

namespace stampede::fuzz {
namespace {

void check_headers(const std::vector<MessageHeader>& headers) {
  const auto again = decode_header_block(encode_header_block(headers));
  require(again.has_value(), "encoded headers can be decoded", again.error().detail);
  require(*again == headers, "headers come back as they were");
}

/// Stores hold what was encoded, and perhaps what somebody changed by hand.
void check_header_block(std::string_view block) {
  const auto headers = decode_header_block(block);
  if (!headers) return require(headers.error().is(Errc::kProtocol), "the error is kProtocol");
  check_headers(*headers);
}

void check_position(std::string wire, const Message& message) {
  const Position position{message.position.seq ^ 1, message.position.prev ^ 2};
  set_wire_position(wire, position);
  const auto moved = decode_message(wire);
  require(moved.has_value(), "a message with another position can be decoded");
  require(*moved == *with_position(message, position), "only the position has changed");
}

std::vector<Message> messages_in(const std::vector<std::string_view>& pieces) {
  std::vector<Message> out;
  for (const std::string_view piece : pieces) {
    if (auto message = decode_message(piece)) out.push_back(*std::move(message));
  }
  return out;
}

void check_parcel(std::string_view payload) {
  const auto pieces = open_parcel(payload);
  if (!pieces) return require(pieces.error().is(Errc::kProtocol), "the error is kProtocol");
  require(!pieces->empty() && pieces->size() <= kMaxParcelMessages, "a parcel keeps its bounds");
  const std::vector<Message> messages = messages_in(*pieces);
  if (messages.empty()) return;
  ParcelWriter writer;
  for (const Message& message : messages) writer.add(message);
  const std::string again = writer.take();
  const auto pieces_again = open_parcel(again);
  require(pieces_again.has_value(), "a parcel of them can be opened");
  require(messages_in(*pieces_again) == messages,
          "the messages of a parcel come back as they were");
}

}  // namespace

void wire(std::string_view input) {
  const std::string bytes = parse_stream(input).whole();
  check_header_block(bytes);
  check_parcel(bytes);
  const auto message = decode_message(bytes);
  if (!message) return require(message.error().is(Errc::kProtocol), "the error is kProtocol");
  require(parse_room_name(message->room.str()).has_value(), "the room has a name that is allowed");
  const std::string encoded = encode_message(*message);
  require(encoded_size(*message) == encoded.size(), "its size is known before");
  const auto again = decode_message(encoded);
  require(again.has_value(), "what was encoded can be decoded", again.error().detail);
  require(*again == *message, "a message comes back as it was");
  check_headers(message->headers);
  check_position(encoded, *message);
}

}  // namespace stampede::fuzz
