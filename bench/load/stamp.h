#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stampede::bench {

/// What a message says about itself, at the front of its body: found again whatever protocol has
/// been wrapped around it.
struct Stamp {
  std::uint32_t publisher = 0;
  std::uint32_t number = 0;  ///< counts from 1 for each publisher
  std::uint64_t due_ns = 0;  ///< when the schedule wanted it sent (CLOCK_MONOTONIC), so that a
                             ///< sender that is late does not hide the wait
};

/// A body of `size` bytes, or of the stamp's own length where that is larger.
std::string stamped_body(const Stamp& stamp, std::size_t size);

/// The stamp inside of a payload, if there is one.
std::optional<Stamp> find_stamp(std::string_view payload) noexcept;

}  // namespace stampede::bench
