// Accepting, deadlines and the end: what concerns all connections. One connection's life is in
// connection.h.
#include "shared/http/server.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "shared/http/connection.h"
#include "shared/http/server_core.h"

namespace stampede::http {
namespace {

using boost::system::error_code;

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

Counter limit_counter(Metrics& metrics, const std::string& server, const char* limit) {
  return metrics.counter("stampede_http_limit_hits_total",
                         "Requests refused because they ran into a limit, by which.",
                         {{"server", server}, {"limit", limit}});
}

Response too_many(std::size_t max) {
  Response refusal =
      problem(503, "The server has its maximum of " + std::to_string(max) + " connections.");
  refusal.headers.emplace_back("Retry-After", "1");
  return refusal;
}

}  // namespace

Response too_many_of(const IpAddress& address, std::size_t max) {
  Response refusal = problem(429, "The address " + address.text() + " holds " +
                                      std::to_string(max) + " connections, as many as it may.");
  refusal.headers.emplace_back("Retry-After", "5");
  return refusal;
}

ServerMetrics::ServerMetrics(Metrics& metrics, const std::string& server)
    : requests(counters_by_class(metrics, server)),
      upgrades(metrics.counter("stampede_http_upgrades_total",
                               "Connections handed over to become WebSockets.",
                               {{"server", server}})),
      refused(metrics.counter("stampede_http_connections_refused_total",
                              "Connections refused because the server had its maximum.",
                              {{"server", server}})),
      over_header_bytes(limit_counter(metrics, server, "header_bytes")),
      over_headers(limit_counter(metrics, server, "headers")),
      over_body(limit_counter(metrics, server, "body")),
      over_time(limit_counter(metrics, server, "request_time")),
      over_address(limit_counter(metrics, server, "address_connections")),
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
      listener_(std::make_shared<sockets::Listener>(
          on,
          sockets::ListenOptions{options.name, options.address, options.port, options.reuse_port},
          metrics.accept_failures,
          [this](Socket socket, const Endpoint& peer) { admit(std::move(socket), peer); })),
      sweep_timer_(on.context()),
      sweep_tick_(tick_for(options)) {
  if (!options.tls) return;
  handshakes_ = std::make_shared<sockets::TlsHandshakes>(
      on, options.tls, sockets::TlsHandshakes::Options{options.name, options.handshake_deadline},
      registry);
}

Result<void> ServerCore::listen() { return listener_->open(); }

std::size_t ServerCore::open() const noexcept {
  return connections_.size() + (handshakes_ ? handshakes_->open() : 0);
}

void ServerCore::admit(Socket socket, const Endpoint& peer) {
  if (open() >= options.max_connections) {
    metrics.refused.add();
    return refuse(std::move(socket), too_many(options.max_connections));
  }
  std::optional<sockets::AddressBudget::Lease> lease(std::in_place);
  const IpAddress address = sockets::address_of(peer);
  if (options.addresses != nullptr) lease = options.addresses->take(address);
  if (!lease) {
    metrics.over_address.add();
    return refuse(std::move(socket), too_many_of(address, options.addresses->max()));
  }
  if (!handshakes_) return serve(sockets::ClientSocket(std::move(socket)), peer, *std::move(lease));
  const auto kept = std::make_shared<sockets::AddressBudget::Lease>(*std::move(lease));
  handshakes_->start(std::move(socket), sockets::to_text(peer),
                     [this, peer, kept](std::optional<sockets::ClientSocket> secured) {
                       if (secured) serve(*std::move(secured), peer, std::move(*kept));
                     });
}

void ServerCore::serve(sockets::ClientSocket socket, const Endpoint& peer,
                       sockets::AddressBudget::Lease lease) {
  auto connection = std::make_shared<ClientConnection>(shared_from_this(), std::move(socket), peer,
                                                       std::move(lease));
  connections_.push_front(connection);
  connection->place_ = connections_.begin();
  metrics.connections.add(1);
  connection->start();
  sweep_later();
}

/// One try without waiting: whoever floods us gets nothing that costs memory or time.
void ServerCore::refuse(Socket socket, const Response& refusal) {
  const auto held_back = refuse_log_.admit(std::chrono::steady_clock::now());
  if (held_back >= 0) {
    log_warn("http connections refused",
             {{"server", options.name}, {"status", refusal.status}, {"more", held_back}});
  }
  if (handshakes_) return;  // there is no saying it before the handshake
  const std::string text = head_of(refusal, AfterResponse::kClose) + refusal.body;
  error_code ignored;
  socket.write_some(boost::asio::buffer(text), ignored);
  socket.shutdown(Socket::shutdown_send, ignored);
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
  listener_->close();
  if (handshakes_) handshakes_->close();
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
std::uint16_t Server::local_port() const noexcept { return core_->local_port(); }
void Server::stop_accepting() { core_->stop_accepting(); }
void Server::close() { core_->close(); }

}  // namespace stampede::http
