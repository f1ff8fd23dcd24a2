#pragma once

#include <cstddef>
#include <cstdint>

#include "shared/base/clock.h"

namespace stampede::simulation {

/// What happens to a simulated cluster, apart from what chance decides.
struct Plan {
  std::size_t gateways = 3;  ///< at the beginning
  std::size_t rooms = 2;
  std::size_t clients = 6;
  std::size_t actions = 60;  ///< sends, joins, leaves, reconnects, deaths
  Microseconds pace{8'000};  ///< between two actions, at most

  Microseconds slowest_wire{4'000};
  std::size_t recent_messages = 1'000;  ///< of a room, in the directory

  // Chance of each live delivery from the broker to a gateway.
  double drop = 0;
  double duplicate = 0;
  double delay = 0;  ///< by up to 200 ms, past what was sent after it

  double gateway_dies = 0;     ///< chance of each action; another one starts
  double directory_cut = 0;    ///< of one gateway, for up to 20 s, longer than its lease
  double broker_restarts = 0;  ///< away for up to 2 s

  /// Defects of the servers that the invariants have to find: a test of the test.
  enum class Defect : std::uint8_t {
    kNone,
    kBypass,       ///< the directory forgets now and then that others are in the room
    kNoChain,      ///< messages do not say what comes before them
    kEarlyBind,    ///< the broker answers a bind before it routes
    kOldPosition,  ///< the directory forgets the last message when it tells an entering one
    kNotStored,    ///< the storage loses what it has confirmed, now and then
  };
  Defect defect = Defect::kNone;

  [[nodiscard]] bool clean() const {
    return drop + duplicate + delay + gateway_dies + directory_cut + broker_restarts == 0;
  }
};

}  // namespace stampede::simulation
