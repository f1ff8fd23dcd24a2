// Almost all text is ASCII: eight bytes at a time where no character is open.
#include "gateway/net/utf8_stream.h"

#include <cstring>

namespace stampede::gateway {

bool Utf8Stream::feed(std::string_view bytes) noexcept {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end) {
    if (missing_ == 0 && end - at >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, at, sizeof word);
      if ((word & 0x8080808080808080u) == 0) {
        at += 8;
        continue;
      }
    }
    if (!take(static_cast<unsigned char>(*at++))) return false;
  }
  return true;
}

bool Utf8Stream::take(unsigned char byte) noexcept {
  if (missing_ > 0) {
    if (byte < lowest_ || byte > highest_) return false;
    --missing_;
    lowest_ = 0x80;
    highest_ = 0xbf;
    return true;
  }
  if (byte < 0x80) return true;
  if (byte < 0xc2 || byte > 0xf4) return false;
  missing_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  if (byte == 0xe0) lowest_ = 0xa0;   // below: overlong
  if (byte == 0xed) highest_ = 0x9f;  // above: surrogates
  if (byte == 0xf0) lowest_ = 0x90;   // below: overlong
  if (byte == 0xf4) highest_ = 0x8f;  // above: beyond U+10FFFF
  return true;
}

}  // namespace stampede::gateway
