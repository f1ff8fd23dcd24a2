#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "shared/base/error.h"
#include "shared/base/ip_address.h"
#include "shared/base/log.h"
#include "shared/base/metrics.h"
#include "shared/runtime/loop.h"

namespace stampede::sockets {

struct ListenOptions {
  std::string name;         ///< in logs
  std::string address;      ///< an IPv4 or IPv6 address, not a host name
  std::uint16_t port = 0;   ///< 0: any free one, see `Listener::local_port`
  bool reuse_port = false;  ///< several listeners (one a shard) share the address
};

/// A port that clients connect to. What it hands over has TCP_NODELAY and does not block. Made with
/// std::make_shared (its pending accept shares it); used on the loop's thread or while the loop
/// does not run. Loop and metrics outlive it.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using Endpoint = boost::asio::ip::tcp::endpoint;
  using OnClient = std::function<void(Socket socket, const Endpoint& peer)>;

  /// `failures` counts the times that the system could not give us a connection.
  Listener(Loop& loop, ListenOptions options, Counter failures, OnClient on_client);

  /// Binds and starts to accept. The error names the address and what to do about it.
  Result<void> open();
  /// `on_client` is not called any more. May be called again.
  void close() noexcept;
  [[nodiscard]] std::uint16_t local_port() const noexcept { return local_port_; }

 private:
  void accept();
  void on_accept(boost::system::error_code ec, Socket socket);
  void retry(boost::system::error_code ec);

  Loop& loop_;
  ListenOptions options_;
  Counter failures_;
  OnClient on_client_;
  boost::asio::ip::tcp::acceptor acceptor_;
  Endpoint peer_;  ///< of the connection being accepted
  boost::asio::steady_timer retry_timer_;
  LogLimiter log_{Milliseconds{5000}};
  std::uint16_t local_port_ = 0;
};

/// The port of `address` that a listener can have: `port`, or a free one for 0. Listeners that
/// share a port (`reuse_port`) would also share it with another process of the same user, which
/// then got half of the clients; this tells, because it binds without sharing.
Result<std::uint16_t> claim_port(const std::string& address, std::uint16_t port);

/// Without the zone that a link-local address may have.
IpAddress address_of(const Listener::Endpoint& endpoint);

/// "192.0.2.1:5000", "[2001:db8::1]:5000"
std::string to_text(const Listener::Endpoint& endpoint);

}  // namespace stampede::sockets
