// Accepting, deadlines and the end: what concerns all connections. One connection's life is in
// connection.h.
#include "shared/http/server.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "shared/http/connection.h"
#include "shared/http/server_core.h"

namespace stampede::http {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr int kBacklog = 4096;
constexpr std::chrono::milliseconds kAcceptRetry{100};

std::string shown(const ServerOptions& options) {
  const bool v6 = options.address.find(':') != std::string::npos;
  return (v6 ? "[" + options.address + "]" : options.address) + ":" + std::to_string(options.port);
}

Error cannot_listen(const ServerOptions& options, error_code ec) {
  std::string text = "cannot listen on " + shown(options) + ": " + ec.message();
  if (ec == boost::asio::error::address_in_use) {
    text += "; another process has this port, stop it or choose another one";
  } else if (ec == boost::asio::error::access_denied) {
    text += "; ports below 1024 need a privilege, choose a higher one";
  } else if (ec == boost::system::errc::address_not_available) {
    text += "; this machine has no such address";
  }
  return {ec, text};
}

error_code share_port(tcp::acceptor& acceptor) {
  const int on = 1;
  if (::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0)
    return {};
  return {errno, boost::system::system_category()};
}

/// A quarter of the shortest deadline: late by no more than that.
std::chrono::milliseconds tick_for(const ServerOptions& options) {
  const auto shortest =
      std::min({options.request_deadline, options.handler_deadline, options.idle_deadline});
  return std::clamp(shortest / 4, std::chrono::milliseconds(5), std::chrono::milliseconds(500));
}

std::array<Counter, 5> counters_by_class(Metrics& metrics, const std::string& server) {
  const auto counter = [&](const char* status) {
    return metrics.counter("stampede_http_requests_total", "HTTP requests answered.",
                           {{"server", server}, {"status", status}});
  };
  return {counter("1xx"), counter("2xx"), counter("3xx"), counter("4xx"), counter("5xx")};
}

}  // namespace

ServerMetrics::ServerMetrics(Metrics& metrics, const std::string& server)
    : requests(counters_by_class(metrics, server)),
      upgrades(metrics.counter("stampede_http_upgrades_total",
                               "Connections handed over to become WebSockets.",
                               {{"server", server}})),
      refused(metrics.counter("stampede_http_connections_refused_total",
                              "Connections refused because the server had its maximum.",
                              {{"server", server}})),
      accept_failures(metrics.counter("stampede_http_accept_failures_total",
                                      "Times that the system could not give us a connection.",
                                      {{"server", server}})),
      connections(metrics.gauge("stampede_http_connections", "Connections in HTTP now.",
                                {{"server", server}})),
      seconds(metrics.histogram("stampede_http_request_seconds",
                                "From a complete request to its answer.", latency_bounds(),
                                {{"server", server}})) {}

ServerCore::ServerCore(Loop& on, ServerOptions wanted, std::shared_ptr<const Router> routes,
                       Metrics& registry)
    : loop(on),
      options(std::move(wanted)),
      router(std::move(routes)),
      metrics(registry, options.name),
      acceptor_(on.context()),
      accept_retry_(on.context()),
      sweep_timer_(on.context()),
      sweep_tick_(tick_for(options)) {}

Result<void> ServerCore::listen() {
  error_code ec;
  const auto address = boost::asio::ip::make_address(options.address, ec);
  if (ec) return cannot_listen(options, ec);
  const tcp::endpoint endpoint(address, options.port);
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec && options.reuse_port) ec = share_port(acceptor_);
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(kBacklog, ec);
  if (!ec) local_port = acceptor_.local_endpoint(ec).port();
  if (ec) {
    error_code ignored;
    acceptor_.close(ignored);
    return cannot_listen(options, ec);
  }
  accept();
  return {};
}

void ServerCore::accept() {
  acceptor_.async_accept(loop.context(), peer_,
                         [core = shared_from_this()](error_code ec, tcp::socket socket) {
                           core->on_accept(ec, std::move(socket));
                         });
}

void ServerCore::on_accept(error_code ec, tcp::socket socket) {
  if (!acceptor_.is_open()) return;
  if (ec && ec != boost::asio::error::connection_aborted) return retry_accept(ec);
  if (!ec) {
    try {
      admit(std::move(socket));
    } catch (const std::exception& error) {
      log_error("connection not admitted", {{"server", options.name}, {"what", error.what()}});
    }
  }
  accept();
}

void ServerCore::admit(tcp::socket socket) {
  if (connections_.size() >= options.max_connections) return refuse(std::move(socket));
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);  // no write of ours may hold up the loop
  auto connection =
      std::make_shared<StreamConnection<tcp::socket>>(shared_from_this(), std::move(socket), peer_);
  connections_.push_front(connection);
  connection->place_ = connections_.begin();
  metrics.connections.add(1);
  connection->start();
  sweep_later();
}

void ServerCore::refuse(tcp::socket socket) {
  metrics.refused.add();
  const auto held_back = refuse_log_.admit(std::chrono::steady_clock::now());
  if (held_back >= 0) {
    log_warn("too many http connections",
             {{"server", options.name}, {"limit", options.max_connections}, {"more", held_back}});
  }
  Response refusal = problem(503, "The server has its maximum of " +
                                      std::to_string(options.max_connections) + " connections.");
  refusal.headers.emplace_back("Retry-After", "1");
  // One try without waiting: whoever floods us gets nothing that costs memory or time.
  const std::string text = head_of(refusal, AfterResponse::kClose) + refusal.body;
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(boost::asio::buffer(text), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

/// Out of file descriptors or memory: the connection waits in the backlog until there is room.
void ServerCore::retry_accept(error_code ec) {
  metrics.accept_failures.add();
  const auto held_back = accept_log_.admit(std::chrono::steady_clock::now());
  if (held_back >= 0) {
    log_error("cannot accept connections",
              {{"server", options.name}, {"error", ec.message()}, {"more", held_back}});
  }
  accept_retry_.expires_after(kAcceptRetry);
  accept_retry_.async_wait([core = shared_from_this()](error_code cancelled) {
    if (!cancelled && core->acceptor_.is_open()) core->accept();
  });
}

void ServerCore::sweep_later() {
  if (sweeping_ || connections_.empty()) return;
  sweeping_ = true;
  sweep_timer_.expires_after(sweep_tick_);
  sweep_timer_.async_wait([core = shared_from_this()](error_code cancelled) {
    core->sweeping_ = false;
    if (!cancelled) core->sweep();
  });
}

void ServerCore::sweep() {
  const auto now = std::chrono::steady_clock::now();
  for_each([now](Connection& connection) {
    if (connection.deadline() <= now) connection.expire();
  });
  sweep_later();
}

void ServerCore::for_each(const std::function<void(Connection&)>& visit) {
  for (auto next = connections_.begin(); next != connections_.end();) {
    const std::shared_ptr<Connection> connection = *next++;
    visit(*connection);
  }
}

void ServerCore::remove(Connection& connection) {
  connections_.erase(connection.place_);
  metrics.connections.add(-1);
}

void ServerCore::count_response(int status, std::chrono::steady_clock::duration took) const {
  const auto by_class = static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1);
  metrics.requests[by_class].add();
  metrics.seconds.observe(std::chrono::duration<double>(took).count());
}

const UpgradeHandler* ServerCore::upgrade_for(std::string_view target) const {
  if (upgrades.empty()) return nullptr;
  std::string path(target.substr(0, target.find('?')));
  if (path.size() > 1 && path.back() == '/') path.pop_back();
  const auto found = upgrades.find(path);
  return found == upgrades.end() ? nullptr : &found->second;
}

void ServerCore::stop_accepting() {
  draining_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  accept_retry_.cancel();
  for_each([](Connection& connection) { connection.drain(); });
}

void ServerCore::close() {
  stop_accepting();
  for_each([](Connection& connection) { connection.close(); });
  sweep_timer_.cancel();
}

Server::Server(Loop& loop, ServerOptions options, std::shared_ptr<const Router> router,
               Metrics& metrics)
    : core_(std::make_shared<ServerCore>(loop, std::move(options), std::move(router), metrics)) {}

Server::~Server() { core_->close(); }

void Server::upgrade(std::string path, UpgradeHandler handler) {
  core_->upgrades.insert_or_assign(std::move(path), std::move(handler));
}

Result<void> Server::listen() { return core_->listen(); }
std::uint16_t Server::local_port() const noexcept { return core_->local_port; }
void Server::stop_accepting() { core_->stop_accepting(); }
void Server::close() { core_->close(); }

}  // namespace stampede::http
