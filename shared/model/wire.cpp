// Own binary form rather than JSON or AMQP headers: bodies may be any bytes, and a message is
// encoded and decoded on every hop.
#include "shared/model/wire.h"

#include <array>
#include <limits>

namespace stampede {
namespace {

constexpr std::size_t kPositionOffset = 1;

void put_i64(std::string& out, std::int64_t value) {
  auto bits = static_cast<std::uint64_t>(value);
  std::array<char, 8> bytes{};
  for (std::size_t i = bytes.size(); i-- > 0; bits >>= 8) bytes[i] = static_cast<char>(bits);
  out.append(bytes.data(), bytes.size());
}

void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out.append(text);
}

std::size_t varint_size(std::size_t value) {
  std::size_t bytes = 1;
  for (; value >= 0x80; value >>= 7) ++bytes;
  return bytes;
}

std::size_t text_size(std::string_view text) { return varint_size(text.size()) + text.size(); }

/// Reads fields one after the other; after the first failure everything reads as empty and
/// `failed()` names the field.
class Reader {
 public:
  explicit Reader(std::string_view data) : data_(data) {}

  std::string_view bytes(std::size_t count, const char* field) {
    if (failed_ != nullptr || data_.size() < count) {
      fail(field);
      return {};
    }
    const auto out = data_.substr(0, count);
    data_.remove_prefix(count);
    return out;
  }

  std::int64_t i64(const char* field) {
    std::uint64_t bits = 0;
    for (const char c : bytes(8, field)) bits = bits << 8 | static_cast<unsigned char>(c);
    return static_cast<std::int64_t>(bits);
  }

  std::size_t varint(const char* field) {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const auto one = bytes(1, field);
      if (one.empty()) return 0;
      const auto byte = static_cast<unsigned char>(one[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return static_cast<std::size_t>(value);
    }
    fail(field);
    return 0;
  }

  std::string text(const char* field) {
    const std::size_t size = varint(field);
    return std::string(bytes(size, field));
  }

  [[nodiscard]] const char* failed() const { return failed_; }
  [[nodiscard]] std::size_t left() const { return data_.size(); }

 private:
  void fail(const char* field) {
    if (failed_ == nullptr) failed_ = field;
    data_ = {};
  }

  std::string_view data_;
  const char* failed_ = nullptr;
};

Error malformed(const std::string& what) { return {Errc::kProtocol, "message envelope: " + what}; }

/// A chat message has one form only, so it is not read from this one.
Result<MessageKind> kind_of(std::string_view byte) {
  if (byte.empty()) return malformed("ends inside kind");
  const auto kind = static_cast<unsigned char>(byte[0]);
  if (kind == 0 || kind > static_cast<unsigned char>(MessageKind::kRefused)) {
    return malformed("kind " + std::to_string(kind) + " is not one this program knows (1 to 6)");
  }
  return static_cast<MessageKind>(kind);
}

}  // namespace

std::string encode_message(const Message& message) {
  std::string out;
  out.reserve(encoded_size(message));
  append_message(out, message);
  return out;
}

std::size_t encoded_size(const Message& message) {
  std::size_t bytes = 1 + 8 + 8 + message.id.bytes.size() + 8;
  if (message.kind != MessageKind::kChat) ++bytes;
  if (message.kind == MessageKind::kDirect) bytes += text_size(message.recipient.str());
  bytes += text_size(message.room.str()) + text_size(message.sender.str()) +
           text_size(message.origin.str()) + text_size(message.key) +
           text_size(message.content_type) + varint_size(message.headers.size());
  for (const MessageHeader& header : message.headers) {
    bytes += text_size(header.name) + text_size(header.value);
  }
  return bytes + text_size(message.body);
}

void append_message(std::string& out, const Message& message) {
  const bool chat = message.kind == MessageKind::kChat;
  out += chat ? kChatWireVersion : kKindWireVersion;
  put_i64(out, message.position.seq);
  put_i64(out, message.position.prev);
  out.append(reinterpret_cast<const char*>(message.id.bytes.data()), message.id.bytes.size());
  put_i64(out, message.timestamp_ms);
  if (!chat) out += static_cast<char>(message.kind);
  if (message.kind == MessageKind::kDirect) put_text(out, message.recipient.str());
  put_text(out, message.room.str());
  put_text(out, message.sender.str());
  put_text(out, message.origin.str());
  put_text(out, message.key);
  put_text(out, message.content_type);
  put_varint(out, message.headers.size());
  for (const MessageHeader& header : message.headers) {
    put_text(out, header.name);
    put_text(out, header.value);
  }
  put_text(out, message.body);
}

Result<Message> decode_message(std::string_view wire) {
  Reader in(wire);
  const auto version = in.bytes(1, "version");
  if (version.empty()) return malformed("empty");
  if (version[0] != kChatWireVersion && version[0] != kKindWireVersion) {
    return malformed("version " + std::to_string(static_cast<unsigned char>(version[0])) +
                     " is not one this program knows (1, 2)");
  }
  Message out;
  out.position.seq = in.i64("seq");
  out.position.prev = in.i64("prev");
  const auto id = in.bytes(out.id.bytes.size(), "id");
  for (std::size_t i = 0; i < id.size(); ++i) out.id.bytes[i] = static_cast<std::uint8_t>(id[i]);
  out.timestamp_ms = in.i64("timestamp");
  if (version[0] == kKindWireVersion) {
    const auto kind = kind_of(in.bytes(1, "kind"));
    if (!kind) return kind.error();
    out.kind = *kind;
  }
  if (out.kind == MessageKind::kDirect) out.recipient = UserId(in.text("recipient"));
  const std::string room = in.text("room");
  out.sender = UserId(in.text("sender"));
  out.origin = GatewayId(in.text("origin"));
  out.key = in.text("key");
  out.content_type = in.text("content_type");
  const std::size_t headers = in.varint("header count");
  if (headers > in.left()) return malformed("header count is larger than what follows");
  for (std::size_t i = 0; i < headers; ++i) {
    std::string name = in.text("header name");
    out.headers.push_back({std::move(name), in.text("header value")});
  }
  out.body = in.text("body");
  if (in.failed() != nullptr) return malformed(std::string("ends inside ") + in.failed());
  if (in.left() != 0) return malformed(std::to_string(in.left()) + " bytes after the body");
  auto name = parse_room_name(room);
  if (!name) return malformed(name.error().detail);
  out.room = *std::move(name);
  return out;
}

void set_wire_position(std::string& wire, Position position) {
  std::string fixed;
  put_i64(fixed, position.seq);
  put_i64(fixed, position.prev);
  wire.replace(kPositionOffset, fixed.size(), fixed);
}

}  // namespace stampede
