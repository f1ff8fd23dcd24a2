// Error texts reach terminals and log files, so what a peer sent never gets there as it is.
#include "shared/stomp/excerpt.h"

namespace stampede::stomp {

std::string excerpt(std::string_view bytes) {
  static constexpr std::size_t kMaxBytes = 40;
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "'";
  for (const char c : bytes.substr(0, kMaxBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
      continue;
    }
    out += "\\x";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  out += bytes.size() > kMaxBytes ? "...'" : "'";
  return out;
}

}  // namespace stampede::stomp
