#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gateway/net/net_shard.h"
#include "gateway/net/session_factory.h"
#include "shared/sockets/address_budget.h"
#include "shared/sockets/listener.h"
#include "shared/sockets/tls_handshakes.h"

namespace stampede::gateway {

/// The door for STOMP without WebSocket: a port whose every connection becomes a session. One per
/// shard, on its thread or while its loop does not run; the shard outlives it.
class TcpEntry {
 public:
  /// `handshakes` is null in the clear, else of this entry alone.
  TcpEntry(NetShard& shard, sockets::ListenOptions listen, SessionFactory make_session,
           std::shared_ptr<sockets::TlsHandshakes> handshakes = nullptr);
  ~TcpEntry();
  TcpEntry(const TcpEntry&) = delete;
  TcpEntry& operator=(const TcpEntry&) = delete;

  /// The error names the address and what to do about it.
  Result<void> listen() { return listener_->open(); }
  [[nodiscard]] std::uint16_t local_port() const noexcept { return listener_->local_port(); }
  /// No new connections; those there are stay.
  void stop_accepting();

 private:
  using Socket = sockets::Listener::Socket;

  using Endpoint = sockets::Listener::Endpoint;
  using Lease = sockets::AddressBudget::Lease;

  void admit(Socket socket, const Endpoint& peer);
  void begin(sockets::ClientSocket socket, std::string peer, Lease lease);
  /// `holds`: who holds how many, "this gateway holds 5".
  void refuse(Socket socket, std::string holds);

  NetShard& shard_;
  SessionFactory make_session_;
  std::shared_ptr<sockets::TlsHandshakes> handshakes_;
  std::shared_ptr<sockets::Listener> listener_;
};

}  // namespace stampede::gateway
