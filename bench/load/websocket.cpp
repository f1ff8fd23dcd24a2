#include "bench/load/websocket.h"

namespace stampede::bench {

std::string upgrade_request(std::string_view host, std::string_view path,
                            std::string_view subprotocol) {
  std::string out = "GET " + std::string(path) + " HTTP/1.1\r\nHost: " + std::string(host) +
                    "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
  if (!subprotocol.empty()) out += "Sec-WebSocket-Protocol: " + std::string(subprotocol) + "\r\n";
  return out + "\r\n";
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  constexpr unsigned kMasked = 0x80;
  const auto byte = [&out](std::size_t value) { out.push_back(static_cast<char>(value & 255)); };
  byte(0x80U | static_cast<unsigned>(opcode));
  if (payload.size() < 126) {
    byte(kMasked | payload.size());
  } else if (payload.size() < 65536) {
    byte(kMasked | 126U);
    byte(payload.size() >> 8);
    byte(payload.size());
  } else {
    byte(kMasked | 127U);
    for (int shift = 56; shift >= 0; shift -= 8) byte(payload.size() >> shift);
  }
  out.append(4, '\0');
  out += payload;
}

ServerFrame first_frame(std::string_view bytes) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (bytes.size() < 2) return {};
  std::size_t header = 2;
  std::size_t size = at(1) & 127U;
  if (size >= 126) {
    const std::size_t extra = size == 126 ? 2 : 8;
    header += extra;
    if (bytes.size() < header) return {};
    size = 0;
    for (std::size_t i = 2; i < header; ++i) size = size << 8 | at(i);
  }
  if (bytes.size() < header + size) return {};
  return {static_cast<Opcode>(at(0) & 15U), bytes.substr(header, size), header + size};
}

}  // namespace stampede::bench
