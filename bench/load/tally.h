#pragma once

#include <cstdint>
#include <string>

#include "bench/load/histogram.h"

namespace stampede::bench {

/// What a thread has seen. Written by its thread while it runs, read after it has ended.
struct Tally {
  Histogram connect;            ///< from connect(2) to ready
  Histogram latency;            ///< from when a message was due to when a member had it
  Histogram confirm;            ///< from when it was due to its confirmation
  std::uint64_t published = 0;  ///< counted ones, as below
  std::uint64_t expected = 0;   ///< deliveries that follow from them
  std::uint64_t delivered = 0;
  std::uint64_t arrived = 0;  ///< deliveries, also of messages that are not counted
  std::uint64_t confirmed = 0;
  std::uint64_t lost = 0;      ///< gaps in a publisher's numbers at a member
  std::uint64_t repeated = 0;  ///< duplicates, and what came after its successor
  std::uint64_t refused = 0;
  std::uint64_t broken = 0;  ///< connections that ended
  std::string complaint;     ///< of the first refusal

  void add(const Tally& other);
};

}  // namespace stampede::bench
