// A frame's WebSocket header depends on its size and on whether it is text, not on who gets it, so
// it is made once here (RFC 6455 section 5.2) and shared with the frame.
#include "gateway/session/slice.h"

#include "shared/base/utf8.h"

namespace stampede::gateway {
namespace {

constexpr unsigned char kFin = 0x80;
constexpr unsigned char kCompressed = 0x40;  // RSV1 (RFC 7692 section 6)
constexpr unsigned char kOpcode = 0x0f;
constexpr std::size_t kMaxHeaderBytes = 10;
constexpr unsigned char kText = 0x1;
constexpr unsigned char kBinary = 0x2;

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>((value >> shift) & 0xff);
  }
}

void append_header(std::string& out, unsigned char opcode, std::size_t payload_bytes) {
  out += static_cast<char>(kFin | opcode);
  if (payload_bytes <= 125) {
    out += static_cast<char>(payload_bytes);
  } else if (payload_bytes <= 0xffff) {
    out += static_cast<char>(126);
    append_big_endian(out, payload_bytes, 2);
  } else {
    out += static_cast<char>(127);
    append_big_endian(out, payload_bytes, 8);
  }
}

}  // namespace

Slice Slice::of_stomp_frame(std::string_view stomp) {
  auto* block = new Block{1, 0, {}};
  Slice slice(block);
  block->bytes.reserve(kMaxHeaderBytes + stomp.size());
  append_header(block->bytes, is_utf8(stomp) ? kText : kBinary, stomp.size());
  block->header_bytes = static_cast<std::uint32_t>(block->bytes.size());
  block->bytes.append(stomp);
  return slice;
}

Slice Slice::of_heart_beat() {
  thread_local const Slice beat = of_stomp_frame("\n");
  return beat;
}

Slice Slice::of_websocket_only(std::string bytes) {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  return Slice(new Block{1, size, std::move(bytes)});
}

void Slice::set_deflated(std::string_view payload) {
  block_->deflate_tried = true;
  if (payload.empty()) return;
  const unsigned opcode = static_cast<unsigned char>(block_->bytes.front()) & kOpcode;
  block_->deflated.reserve(kMaxHeaderBytes + payload.size());
  append_header(block_->deflated, static_cast<unsigned char>(kCompressed | opcode), payload.size());
  block_->deflated.append(payload);
}

}  // namespace stampede::gateway
