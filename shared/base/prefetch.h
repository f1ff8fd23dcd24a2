#pragma once

#include <cstddef>

namespace stampede {

/// Asks for the first `kLines` cache lines of what is used soon, and does not wait for them: where
/// a loop touches thousands of objects in turn, most of its own time is their way from memory. A
/// hint only; the address need not be valid.
template <std::size_t kLines>
void prefetch(const void* object) noexcept {
  constexpr std::size_t kLineBytes = 64;
  for (std::size_t line = 0; line < kLines; ++line) {
    __builtin_prefetch(static_cast<const char*>(object) + line * kLineBytes, /*rw=*/1);
  }
}

}  // namespace stampede
