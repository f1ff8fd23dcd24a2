#pragma once

#include <string>

#include "gateway/net/stream_connection.h"

namespace stampede::gateway {

/// STOMP straight on a stream of bytes. There is no close handshake: after the last frame the
/// sending side ends, and the peer has the close timeout to read and to leave.
class TcpConnection final : public StreamConnection {
 public:
  TcpConnection(NetShard& shard, sockets::ClientSocket socket, std::string peer);

 private:
  std::size_t on_input(std::span<char> bytes) override;
  void say_goodbye(CloseReason reason) override;
  void on_goodbye_sent() override;
};

}  // namespace stampede::gateway
