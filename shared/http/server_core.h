#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <boost/asio/steady_timer.hpp>

#include "shared/base/log.h"
#include "shared/http/server.h"
#include "shared/sockets/listener.h"
#include "shared/sockets/tls_handshakes.h"

namespace stampede::http {

/// What a server knows of a connection: that it is there, and when its time is up. Internal to
/// shared/http.
class Connection {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  /// The deadline has passed.
  virtual void expire() = 0;
  /// No further request: closes when idle, else after the answer under way.
  virtual void drain() = 0;
  /// Drops the connection. All three may remove it from its server.
  virtual void close() = 0;

  [[nodiscard]] Instant deadline() const noexcept { return deadline_; }

 protected:
  Instant deadline_{};

 private:
  friend class ServerCore;
  std::list<std::shared_ptr<Connection>>::iterator place_;
};

struct ServerMetrics {
  ServerMetrics(Metrics& metrics, const std::string& server);

  std::array<Counter, 5> requests;  ///< by the status' first digit, less one
  Counter upgrades;
  Counter refused;
  Counter over_header_bytes;
  Counter over_headers;
  Counter over_body;
  Counter over_time;
  Counter over_address;
  Counter accept_failures;
  Gauge connections;
  Histogram seconds;
};

/// 429: the address holds as many connections as it may.
Response too_many_of(const IpAddress& address, std::size_t max);

/// The server behind `Server`'s handle. One sweep looks after all deadlines: cheaper for each
/// connection than a timer of its own, at the price of a tick's lateness. On the loop's thread.
class ServerCore : public std::enable_shared_from_this<ServerCore> {
 public:
  ServerCore(Loop& on, ServerOptions wanted, std::shared_ptr<const Router> routes,
             Metrics& registry);

  Result<void> listen();
  void stop_accepting();
  void close();

  /// Takes the connection off the list; its last owner frees it.
  void remove(Connection& connection);
  void count_response(int status, std::chrono::steady_clock::duration took) const;
  /// The handler for the path of `target`, or null.
  [[nodiscard]] const UpgradeHandler* upgrade_for(std::string_view target) const;
  [[nodiscard]] bool draining() const noexcept { return draining_; }
  [[nodiscard]] std::uint16_t local_port() const noexcept { return listener_->local_port(); }

  Loop& loop;
  const ServerOptions options;
  const std::shared_ptr<const Router> router;
  const ServerMetrics metrics;
  std::unordered_map<std::string, UpgradeHandler> upgrades;  ///< constant once listening

 private:
  using Socket = sockets::Listener::Socket;
  using Endpoint = sockets::Listener::Endpoint;

  void admit(Socket socket, const Endpoint& peer);
  void serve(sockets::ClientSocket socket, const Endpoint& peer,
             sockets::AddressBudget::Lease lease);
  /// Connections in HTTP and those on their way there.
  [[nodiscard]] std::size_t open() const noexcept;
  void refuse(Socket socket, const Response& refusal);
  void sweep_later();
  void sweep();
  /// Calls `visit` for each connection; what it removes meanwhile does no harm.
  void for_each(const std::function<void(Connection&)>& visit);

  std::shared_ptr<sockets::Listener> listener_;
  std::shared_ptr<sockets::TlsHandshakes> handshakes_;  ///< none in the clear
  boost::asio::steady_timer sweep_timer_;
  const std::chrono::milliseconds sweep_tick_;
  bool sweeping_ = false;
  bool draining_ = false;
  std::list<std::shared_ptr<Connection>> connections_;
  LogLimiter refuse_log_{std::chrono::seconds(5)};
};

}  // namespace stampede::http
