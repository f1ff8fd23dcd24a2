#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "bench/load/numbers.h"
#include "bench/load/protocol.h"

namespace stampede::bench {

/// One client of the run. Owned and used by its Driver; plain data, because there are many.
struct Connection {
  enum class State : std::uint8_t { kWaiting, kConnecting, kUpgrading, kOpen, kReady, kBroken };

  Part part;
  int fd = -1;
  int step = 0;  ///< the protocol's
  State state = State::kWaiting;
  std::uint64_t started_ns = 0;
  std::string partial;  ///< bytes of a frame that is not complete
  std::string unsent;

  /// Of a member: what it got of each publisher of its room, by the publisher's place there.
  std::vector<Numbers> seen;

  // Of a publisher.
  std::uint32_t sent = 0;
  std::deque<std::uint64_t> unconfirmed;  ///< when each was due
};

}  // namespace stampede::bench
