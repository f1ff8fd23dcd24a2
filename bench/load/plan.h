#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <sys/types.h>

#include "bench/load/protocol.h"

namespace stampede::bench {

using Seconds = std::chrono::duration<double>;

struct Target {
  std::string host;  ///< numeric address
  int port = 0;
};

/// What one run does.
struct Plan {
  ProtocolOptions protocol;
  std::vector<Target> members_at;     ///< members are dealt to these in turn
  std::vector<Target> publishers_at;  ///< likewise; empty: members_at
  std::size_t members = 1000;
  std::size_t publishers = 10;
  std::size_t rooms = 10;
  std::size_t body_bytes = 200;
  std::size_t threads = 1;
  std::size_t connecting = 64;  ///< of each thread, at a time

  double rate = 0;           ///< messages a second of all publishers; 0: as fast as confirmed
  std::size_t window = 100;  ///< unconfirmed messages of a publisher, when there is no rate
  std::size_t messages = 0;  ///< of each publisher, when there is no rate

  bool resume = false;  ///< members lose their connections, miss all messages and come back

  Seconds settle{1};     ///< silence after the last connection, for memory and idle CPU
  Seconds warm_up{2};    ///< of a rate, not counted
  Seconds duration{10};  ///< of a rate, counted
  Seconds patience{30};  ///< for connections, and for what is late at the end

  std::vector<pid_t> servers;    ///< whose CPU time is reported
  std::vector<pid_t> memory_of;  ///< whose memory is; empty: the servers'
};

}  // namespace stampede::bench
