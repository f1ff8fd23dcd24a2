#pragma once

#include <cstdint>

namespace stampede::bench {

/// One publisher's numbers, 1, 2, 3 …, as one member gets them.
class Numbers {
 public:
  struct Arrival {
    bool repeated = false;      ///< came before, or its successor did
    std::uint32_t skipped = 0;  ///< numbers that did not come before it
  };

  /// What comes first may have any number: its predecessors were sent while others still connected.
  Arrival take(std::uint32_t number) noexcept {
    if (number <= last_) return {true, 0};
    const std::uint32_t skipped = last_ == 0 ? 0 : number - last_ - 1;
    last_ = number;
    return {false, skipped};
  }

 private:
  std::uint32_t last_ = 0;
};

}  // namespace stampede::bench
