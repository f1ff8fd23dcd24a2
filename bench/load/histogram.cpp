#include "bench/load/histogram.h"

#include <algorithm>
#include <cmath>

namespace stampede::bench {

void Histogram::add(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  total_ += other.total_;
  max_ = std::max(max_, other.max_);
}

std::uint64_t Histogram::percentile(double fraction) const noexcept {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(total_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= wanted && seen > 0) return std::min(upper_of(i), max_);
  }
  return max_;
}

std::uint64_t Histogram::upper_of(std::size_t index) noexcept {
  if (index < kSub) return index;
  const std::size_t shift = index / kSub - 1;
  return ((kSub + index % kSub + 1) << shift) - 1;
}

}  // namespace stampede::bench
