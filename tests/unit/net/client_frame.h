#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace stampede::test {

enum Opcode : std::uint8_t {
  kContinuationFrame = 0,
  kTextFrame = 1,
  kBinaryFrame = 2,
  kCloseFrame = 8,
  kPingFrame = 9,
  kPongFrame = 10,
};

struct FrameBits {
  bool fin = true;
  std::uint8_t reserved = 0;  ///< RSV1-3 as 0x40, 0x20, 0x10
  bool masked = true;
  std::array<std::uint8_t, 4> mask{0x37, 0xfa, 0x21, 0x3d};
  int length_bytes = -1;  ///< 0, 2 or 8; -1 = the shortest that fits
};

/// One WebSocket frame as a client sends it, or as it must not.
inline std::string client_frame(unsigned opcode, std::string_view payload, FrameBits bits = {}) {
  std::string out;
  out += static_cast<char>((bits.fin ? 0x80 : 0) | bits.reserved | opcode);
  int extra = bits.length_bytes;
  if (extra < 0) extra = payload.size() <= 125 ? 0 : payload.size() <= 0xffff ? 2 : 8;
  const std::size_t length7 = extra == 0 ? payload.size() : extra == 2 ? 126 : 127;
  out += static_cast<char>((bits.masked ? 0x80 : 0) | length7);
  for (int shift = 8 * (extra - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>((static_cast<std::uint64_t>(payload.size()) >> shift) & 0xff);
  }
  if (!bits.masked) return out.append(payload);
  for (const std::uint8_t byte : bits.mask) out += static_cast<char>(byte);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    out += static_cast<char>(static_cast<unsigned char>(payload[i]) ^ bits.mask[i % 4]);
  }
  return out;
}

inline FrameBits not_fin() { return {.fin = false}; }

/// The payload of a close frame.
inline std::string close_payload(std::uint16_t code, std::string_view reason = {}) {
  std::string out{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return out.append(reason);
}

}  // namespace stampede::test
