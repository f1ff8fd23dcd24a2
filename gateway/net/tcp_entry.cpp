#include "gateway/net/tcp_entry.h"

#include <array>
#include <optional>
#include <utility>

#include "gateway/net/tcp_connection.h"

namespace stampede::gateway {
namespace {

/// The one frame that is said before there is a session to say it.
std::string too_many_error(std::string text) {
  text += " connections, as many as it may\n";
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
            admit(std::move(socket), peer);
          })) {}

TcpEntry::~TcpEntry() { stop_accepting(); }

void TcpEntry::stop_accepting() {
  listener_->close();
  if (handshakes_) handshakes_->close();
}

void TcpEntry::admit(Socket socket, const Endpoint& peer) {
  sockets::AddressBudget* const addresses = shard_.options().addresses;
  const IpAddress address = sockets::address_of(peer);
  std::optional<Lease> lease(std::in_place);
  if (addresses != nullptr) lease = addresses->take(address);
  if (!lease) {
    shard_.metrics().limits.hit(Limit::kAddressConnections);
    return refuse(std::move(socket),
                  "the address " + address.text() + " holds " + std::to_string(addresses->max()));
  }
  if (!shard_.admit()) {
    shard_.metrics().refused_full.add();
    shard_.metrics().limits.hit(Limit::kConnections);
    return refuse(std::move(socket), "this gateway holds " + std::to_string(shard_.budget().max()));
  }
  std::string from = sockets::to_text(peer);
  if (!handshakes_) {
    return begin(sockets::ClientSocket(std::move(socket)), std::move(from), *std::move(lease));
  }
  const auto kept = std::make_shared<Lease>(*std::move(lease));
  handshakes_->start(std::move(socket), from,
                     [this, from, kept](std::optional<sockets::ClientSocket> secured) {
                       if (!secured) return shard_.renounce();
                       begin(*std::move(secured), from, std::move(*kept));
                     });
}

void TcpEntry::begin(sockets::ClientSocket socket, std::string peer, Lease lease) {
  const auto connection =
      std::make_shared<TcpConnection>(shard_, std::move(socket), std::move(peer));
  connection->keep(std::move(lease));
  auto session = make_session_(*connection, {connection->peer(), {}});
  connection->start(std::move(session), {});
}

/// The first bytes on a new connection always fit into its send buffer, so nothing waits for them.
void TcpEntry::refuse(Socket socket, std::string holds) {
  if (handshakes_) return;  // there is no saying it before the handshake
  const std::string error = too_many_error(std::move(holds));
  std::array<iovec, 1> buffer{sockets::buffer_of(error)};
  sockets::ClientSocket client(std::move(socket));
  static_cast<void>(client.write_some(buffer));
  client.end_sending();
}

}  // namespace stampede::gateway
