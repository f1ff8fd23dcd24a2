#include "gateway/net/ws_control.h"

namespace stampede::gateway {
namespace {

constexpr char kFinClose = '\x88';
constexpr char kFinPong = '\x8a';
constexpr std::size_t kMaxReasonBytes = 123;

std::string control_frame(char first, std::string_view payload) {
  std::string out;
  out.reserve(2 + payload.size());
  out += first;
  out += static_cast<char>(payload.size());
  out += payload;
  return out;
}

std::string_view cut(std::string_view text) {
  if (text.size() <= kMaxReasonBytes) return text;
  std::size_t end = kMaxReasonBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

bool is_close_code(std::uint16_t code) noexcept {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

std::string ws_close_frame(std::uint16_t code, std::string_view reason) {
  if (code == kNoCloseCode) return control_frame(kFinClose, {});
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  payload += cut(reason);
  return control_frame(kFinClose, payload);
}

std::string ws_pong_frame(std::string_view payload) { return control_frame(kFinPong, payload); }

}  // namespace stampede::gateway
