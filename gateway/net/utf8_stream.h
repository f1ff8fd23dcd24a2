#pragma once

#include <cstdint>
#include <string_view>

namespace stampede::gateway {

/// Checks text that arrives in pieces cut anywhere, also inside a character (RFC 3629).
class Utf8Stream {
 public:
  /// Whether everything fed so far can be the beginning of well-formed UTF-8.
  [[nodiscard]] bool feed(std::string_view bytes) noexcept;
  /// Whether no character is half received.
  [[nodiscard]] bool complete() const noexcept { return missing_ == 0; }

 private:
  [[nodiscard]] bool take(unsigned char byte) noexcept;

  std::uint8_t missing_ = 0;    ///< continuation bytes of the current character
  std::uint8_t lowest_ = 0x80;  ///< bounds of the next one
  std::uint8_t highest_ = 0xbf;
};

}  // namespace stampede::gateway
