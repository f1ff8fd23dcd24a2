#include "shared/model/message_block.h"

#include <cstdint>

#include "shared/model/wire.h"

namespace stampede {
namespace {

constexpr char kVersion = 1;
constexpr unsigned char kOlder = 1;
constexpr unsigned char kNewer = 2;
constexpr std::size_t kLengthBytes = 4;

Error broken(const std::string& why) { return {Errc::kProtocol, "message block: " + why}; }

}  // namespace

std::string encode_message_block(const MessageBlock& block) {
  std::string out;
  out.push_back(kVersion);
  out.push_back(static_cast<char>((block.older ? kOlder : 0) | (block.newer ? kNewer : 0)));
  for (const MessageRef& message : block.messages) {
    const std::string wire = encode_message(*message);
    for (int shift = 24; shift >= 0; shift -= 8) {
      out.push_back(static_cast<char>(wire.size() >> shift & 0xff));
    }
    out += wire;
  }
  return out;
}

Result<MessageBlock> decode_message_block(std::string_view bytes) {
  if (bytes.size() < 2) return broken("it ends before its flags");
  if (bytes[0] != kVersion) {
    return broken("version " + std::to_string(static_cast<unsigned char>(bytes[0])) +
                  " is not known");
  }
  const auto flags = static_cast<unsigned char>(bytes[1]);
  MessageBlock block;
  block.older = (flags & kOlder) != 0;
  block.newer = (flags & kNewer) != 0;
  bytes.remove_prefix(2);
  while (!bytes.empty()) {
    if (bytes.size() < kLengthBytes) return broken("it ends inside a length");
    std::size_t length = 0;
    for (std::size_t i = 0; i < kLengthBytes; ++i) {
      length = length << 8 | static_cast<unsigned char>(bytes[i]);
    }
    bytes.remove_prefix(kLengthBytes);
    if (bytes.size() < length) return broken("it ends inside a message");
    auto message = decode_message(bytes.substr(0, length));
    if (!message) return message.error();
    block.messages.push_back(std::make_shared<const Message>(*std::move(message)));
    bytes.remove_prefix(length);
  }
  return block;
}

}  // namespace stampede
