#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "shared/base/ids.h"
#include "shared/base/room_pattern.h"
#include "shared/config/value.h"

namespace stampede::gateway {

/// How many users rooms may hold: of several patterns that match a room the first one decides.
/// Immutable once it is configured; any thread.
class RoomCapacities {
 public:
  /// "quiz.*=100;lobby=500".
  static Result<RoomCapacities> parse(std::string_view text);

  /// 0: any number.
  [[nodiscard]] std::size_t of(const RoomName& room) const noexcept;
  [[nodiscard]] std::string str() const;

 private:
  struct Rule {
    RoomPattern rooms;
    std::size_t users;
  };
  std::vector<Rule> rules_;
};

config::Value capacities_value(RoomCapacities& into);

}  // namespace stampede::gateway
