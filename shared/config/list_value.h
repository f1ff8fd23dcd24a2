#pragma once

#include <string>
#include <vector>

#include "shared/base/ip_address.h"
#include "shared/base/room_pattern.h"
#include "shared/config/value.h"

namespace stampede::config {

// Lists are given as one text, separated by commas; blanks around the commas do not count.

/// Web origins as browsers write them, "https://chat.example:8443", in lower case afterwards; "*".
Value origins_value(std::vector<std::string>& into);
/// IP addresses and networks: "10.0.0.0/8,2001:db8::1".
Value networks_value(std::vector<IpNetwork>& into);
/// Host names and addresses, in lower case afterwards.
Value hosts_value(std::vector<std::string>& into);

/// Patterns of room names: "orders.*,audit".
Value rooms_value(std::vector<RoomPattern>& into);

}  // namespace stampede::config
