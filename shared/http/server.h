#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "shared/base/error.h"
#include "shared/base/metrics.h"
#include "shared/http/router.h"
#include "shared/http/upgrade.h"
#include "shared/runtime/loop.h"
#include "shared/sockets/address_budget.h"
#include "shared/sockets/tls_identity.h"

namespace stampede::http {

class ServerCore;

struct ServerOptions {
  std::string name = "http";          ///< in logs and as the metrics' label `server`
  std::string address = "127.0.0.1";  ///< an IPv4 or IPv6 address, not a host name
  std::uint16_t port = 0;             ///< 0: any free one, see `Server::local_port`
  bool reuse_port = false;            ///< several servers (one a shard) share the address
  std::shared_ptr<const sockets::TlsIdentity> tls = nullptr;  ///< none: in the clear
  std::chrono::milliseconds handshake_deadline{10'000};       ///< of TLS
  sockets::AddressBudget* addresses = nullptr;  ///< outlives the server; none: no bound
  std::size_t max_connections = 10000;          ///< in HTTP; upgraded connections no longer count
  std::size_t max_header_bytes = 16UL * 1024;
  std::size_t max_headers = 100;  ///< header fields of one request
  std::size_t max_body_bytes = 1024UL * 1024;
  std::chrono::milliseconds request_deadline{10'000};  ///< first byte of a request to its last
  std::chrono::milliseconds handler_deadline{30'000};  ///< then a 503
  std::chrono::milliseconds idle_deadline{60'000};     ///< between two requests
};

/// An HTTP/1.1 server on one loop: keep-alive, pipelining (one request at a time), limits on size,
/// count and time that answer with a reason (400, 408, 413, 429, 431, 503) before they close.
///
/// Owned by who built it. `listen` may be called before the loop starts; otherwise every method
/// runs on the loop's thread or while the loop does not run. Loop and Metrics outlive the server;
/// Responders may outlive it.
class Server {
 public:
  Server(Loop& loop, ServerOptions options, std::shared_ptr<const Router> router, Metrics& metrics);
  /// Closes.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Requests to exactly `path` (also with a trailing slash, whatever the query) are handed over
  /// when they ask for an upgrade to WebSocket; others there get a 426. Before `listen`.
  void upgrade(std::string path, UpgradeHandler handler);

  /// Binds and starts to accept. The error names the address and what to do about it.
  Result<void> listen();
  [[nodiscard]] std::uint16_t local_port() const noexcept;

  /// No new connections. Requests under way are answered, and their connections closed after that.
  void stop_accepting();
  /// Also drops every connection that is still in HTTP. Handed-over ones are not the server's.
  void close();

 private:
  std::shared_ptr<ServerCore> core_;  ///< connections and pending operations share it
};

}  // namespace stampede::http
