// A frame's WebSocket header depends on its size and on whether it is text, not on who gets it, so
// it is made once here (RFC 6455 section 5.2) and shared with the frame.
#include "gateway/session/slice.h"

#include <algorithm>

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

void append_framed(std::string& out, std::string_view stomp) {
  append_header(out, is_utf8(stomp) ? kText : kBinary, stomp.size());
  out.append(stomp);
}

/// Of the frame that `bytes` begin with, which `append_framed` has made.
std::size_t header_bytes(std::string_view bytes) {
  const auto size = static_cast<unsigned char>(bytes[1]);
  return size <= 125 ? 2 : size == 126 ? 4 : kMaxHeaderBytes;
}
std::size_t payload_bytes(std::string_view bytes, std::size_t header) {
  std::size_t size = 0;
  for (std::size_t i = header == 2 ? 1 : 2; i < header; ++i) {
    size = size << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return size;
}

}  // namespace

Slice Slice::of_stomp_frame(std::string_view stomp) {
  Slice slice(new Block{.largest_frame = static_cast<std::uint32_t>(stomp.size())});
  slice.block_->websocket.reserve(kMaxHeaderBytes + stomp.size());
  append_framed(slice.block_->websocket, stomp);
  return slice;
}

Slice Slice::of_stomp_frames(const std::vector<std::string>& frames) {
  std::size_t bound = 0;
  std::size_t largest = 0;
  for (const std::string& frame : frames) {
    bound += kMaxHeaderBytes + frame.size();
    largest = std::max(largest, frame.size());
  }
  Slice slice(new Block{.frames = static_cast<std::uint32_t>(frames.size()),
                        .largest_frame = static_cast<std::uint32_t>(largest)});
  slice.block_->websocket.reserve(bound);
  for (const std::string& frame : frames) append_framed(slice.block_->websocket, frame);
  return slice;
}

Slice Slice::of_heart_beat() {
  thread_local const Slice beat = of_stomp_frame("\n");
  return beat;
}

Slice Slice::of_websocket_only(std::string bytes) {
  return Slice(new Block{.frames = 0, .websocket = std::move(bytes)});
}

std::string_view Slice::stomp() const {
  if (block_->frames == 0) return {};
  if (block_->frames == 1) return websocket().substr(websocket().size() - block_->largest_frame);
  if (block_->stomp.empty()) {
    block_->stomp.reserve(block_->websocket.size());
    for_each_frame([&](std::string_view, std::string_view stomp) { block_->stomp.append(stomp); });
  }
  return block_->stomp;
}

void Slice::for_each_frame(const Visit& visit) const {
  std::string_view rest = websocket();
  for (std::uint32_t i = 0; i < block_->frames; ++i) {
    const std::size_t header = header_bytes(rest);
    const std::string_view frame = rest.substr(0, header + payload_bytes(rest, header));
    visit(frame, frame.substr(header));
    rest.remove_prefix(frame.size());
  }
}

void Slice::set_deflated(const Compress& compress) {
  block_->deflate_tried = true;
  std::string form;
  bool smaller = false;
  for_each_frame([&](std::string_view websocket, std::string_view stomp) {
    const std::string_view payload = compress(stomp);
    if (payload.empty()) {
      form.append(websocket);
      return;
    }
    smaller = true;
    const unsigned opcode = static_cast<unsigned char>(websocket.front()) & kOpcode;
    append_header(form, static_cast<unsigned char>(kCompressed | opcode), payload.size());
    form.append(payload);
  });
  if (!smaller) return;
  form.shrink_to_fit();
  block_->deflated = std::move(form);
}

}  // namespace stampede::gateway
