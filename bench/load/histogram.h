#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace stampede::bench {

/// Counts durations in buckets whose width is a 64th of their value (the log-linear layout of
/// HdrHistogram), so every percentile is right to 1.6 %. Values in nanoseconds. One thread.
class Histogram {
 public:
  void record(std::uint64_t value) noexcept {
    ++counts_[index_of(value)];
    ++total_;
    if (value > max_) max_ = value;
  }
  void add(const Histogram& other) noexcept;

  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }
  [[nodiscard]] std::uint64_t max() const noexcept { return max_; }
  /// The smallest value that `fraction` (0..1] of all values do not exceed; 0 when empty.
  [[nodiscard]] std::uint64_t percentile(double fraction) const noexcept;

 private:
  static constexpr unsigned kSubBits = 6;
  static constexpr std::size_t kSub = std::size_t{1} << kSubBits;

  static std::size_t index_of(std::uint64_t value) noexcept {
    if (value < kSub) return value;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBits;
    return (std::size_t{shift} + 1) * kSub + ((value >> shift) - kSub);
  }
  /// The largest value that falls into a bucket.
  static std::uint64_t upper_of(std::size_t index) noexcept;

  std::array<std::uint64_t, (64 - kSubBits + 1) * kSub> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace stampede::bench
