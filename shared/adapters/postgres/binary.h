#pragma once

#include <cstdint>
#include <string>

namespace stampede::postgres {

/// An int8 as a binary parameter.
inline std::string binary_int8(std::int64_t value) {
  std::string out;
  const auto bits = static_cast<std::uint64_t>(value);
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(bits >> shift);
  return out;
}

}  // namespace stampede::postgres
