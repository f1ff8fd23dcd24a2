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

/// Returns the header's size.
std::size_t append_framed(std::string& out, std::string_view stomp) {
  const std::size_t before = out.size();
  append_header(out, is_utf8(stomp) ? kText : kBinary, stomp.size());
  const std::size_t header = out.size() - before;
  out.append(stomp);
  return header;
}

}  // namespace

Slice Slice::of_stomp_frame(std::string_view stomp) {
  std::string bytes;
  bytes.reserve(kMaxHeaderBytes + stomp.size());
  const std::size_t header = append_framed(bytes, stomp);
  return Slice(new Block(std::move(bytes), header));
}

std::vector<Slice> Slice::of_stomp_frames(const std::vector<std::string>& frames) {
  std::size_t bound = 0;
  for (const std::string& frame : frames) bound += kMaxHeaderBytes + frame.size();
  const auto run = std::make_shared<std::string>();
  run->reserve(bound);  // what is in it does not move any more
  std::vector<Slice> slices;
  slices.reserve(frames.size());
  for (const std::string& frame : frames) {
    const std::size_t begin = run->size();
    const std::size_t header = append_framed(*run, frame);
    slices.push_back(Slice(new Block(run, std::string_view(*run).substr(begin), header)));
  }
  return slices;
}

Slice Slice::of_heart_beat() {
  thread_local const Slice beat = of_stomp_frame("\n");
  return beat;
}

Slice Slice::of_websocket_only(std::string bytes) {
  const std::size_t size = bytes.size();
  return Slice(new Block(std::move(bytes), size));
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
