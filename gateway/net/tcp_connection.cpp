#include "gateway/net/tcp_connection.h"

#include <utility>

namespace stampede::gateway {

TcpConnection::TcpConnection(NetShard& shard, sockets::ClientSocket socket, std::string peer)
    : StreamConnection(shard, std::move(socket), Framing::kStomp, std::move(peer)) {}

std::size_t TcpConnection::on_input(std::span<char> bytes) {
  deliver({bytes.data(), bytes.size()});
  return bytes.size();
}

/// The session's own last frame is all that plain STOMP can say.
void TcpConnection::say_goodbye(CloseReason) {}

/// Reading goes on until the peer ends, because closing with unread bytes would reset the
/// connection and our last frame with it.
void TcpConnection::on_goodbye_sent() { shut_down_sending(); }

}  // namespace stampede::gateway
