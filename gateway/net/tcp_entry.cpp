#include "gateway/net/tcp_entry.h"

#include <array>
#include <utility>

#include "gateway/net/tcp_connection.h"

namespace stampede::gateway {
namespace {

/// The one frame that is said before there is a session to say it.
std::string full_error(std::size_t max) {
  const std::string text =
      "this gateway holds " + std::to_string(max) + " connections, as many as it may\n";
  return "ERROR\nmessage:Too many connections\ncontent-type:text/plain\nversion:1.0,1.1,1.2\n"
         "content-length:" +
         std::to_string(text.size()) + "\n\n" + text + std::string("\0\n", 2);
}

}  // namespace

TcpEntry::TcpEntry(NetShard& shard, sockets::ListenOptions listen, SessionFactory make_session,
                   std::shared_ptr<sockets::TlsHandshakes> handshakes)
    : shard_(shard),
      make_session_(std::move(make_session)),
      handshakes_(std::move(handshakes)),
      listener_(std::make_shared<sockets::Listener>(
          shard.loop(), std::move(listen), shard.metrics().accept_failures,
          [this](Socket socket, const sockets::Listener::Endpoint& peer) {
            admit(std::move(socket), sockets::to_text(peer));
          })) {}

TcpEntry::~TcpEntry() { stop_accepting(); }

void TcpEntry::stop_accepting() {
  listener_->close();
  if (handshakes_) handshakes_->close();
}

void TcpEntry::admit(Socket socket, const std::string& peer) {
  if (!shard_.admit()) return refuse(std::move(socket));
  if (!handshakes_) return begin(sockets::ClientSocket(std::move(socket)), peer);
  handshakes_->start(std::move(socket), peer,
                     [this, peer](std::optional<sockets::ClientSocket> secured) {
                       if (!secured) return shard_.renounce();
                       begin(*std::move(secured), peer);
                     });
}

void TcpEntry::begin(sockets::ClientSocket socket, std::string peer) {
  const auto connection =
      std::make_shared<TcpConnection>(shard_, std::move(socket), std::move(peer));
  auto session = make_session_(*connection, {connection->peer(), {}});
  connection->start(std::move(session), {});
}

/// The first bytes on a new connection always fit into its send buffer, so nothing waits for them.
void TcpEntry::refuse(Socket socket) {
  shard_.metrics().refused_full.add();
  if (handshakes_) return;  // there is no saying it before the handshake
  const std::string error = full_error(shard_.budget().max());
  std::array<iovec, 1> buffer{sockets::buffer_of(error)};
  sockets::ClientSocket client(std::move(socket));
  static_cast<void>(client.write_some(buffer));
  client.end_sending();
}

}  // namespace stampede::gateway
