// All have the same time, so they expire in the order in which they came and one timer, for the
// oldest, is enough.
#include "shared/sockets/tls_handshakes.h"

#include <array>
#include <chrono>
#include <utility>

namespace stampede::sockets {
namespace {

using boost::system::error_code;

Counter handshake_counter(Metrics& metrics, const std::string& server, const char* result) {
  return metrics.counter("stampede_tls_handshakes_total", "TLS handshakes, by how they ended.",
                         {{"server", server}, {"result", result}});
}

/// For a browser that was given http:// by mistake. Small enough to need no waiting.
void explain_to_plain_http(int socket) {
  std::array<iovec, 1> buffer{
      buffer_of("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n"
                "Content-Length: 41\r\n\r\nThis port speaks TLS: https:// or wss://\n")};
  static_cast<void>(write_some(socket, buffer));
}

}  // namespace

TlsHandshakes::TlsHandshakes(Loop& loop, std::shared_ptr<const TlsIdentity> identity,
                             Options options, Metrics& metrics)
    : loop_(loop),
      identity_(std::move(identity)),
      options_(std::move(options)),
      succeeded_(handshake_counter(metrics, options_.server, "ok")),
      failed_(handshake_counter(metrics, options_.server, "failed")),
      timed_out_(handshake_counter(metrics, options_.server, "timeout")),
      timer_(loop.context()) {}

void TlsHandshakes::start(boost::asio::ip::tcp::socket socket, std::string peer, Done done) {
  auto channel = identity_->open_channel(socket.native_handle());
  const auto pending =
      std::make_shared<Pending>(Pending{ClientSocket(std::move(socket), std::move(channel)),
                                        std::move(peer),
                                        std::move(done),
                                        std::chrono::steady_clock::now() + options_.deadline,
                                        {}});
  pending->place = pending_.insert(pending_.end(), pending);
  step(pending);
  watch_deadlines();
}

void TlsHandshakes::step(const PendingRef& pending) {
  if (pending->over) return;
  switch (pending->socket.tls()->handshake()) {
    case IoStatus::kDone: return succeed(pending);
    case IoStatus::kWouldBlock: break;
    case IoStatus::kEnd:
    case IoStatus::kFailed: return fail(pending);
  }
  auto again = [self = shared_from_this(), pending](error_code ec) {
    if (!ec) self->step(pending);
  };
  if (pending->socket.holds_back()) return pending->socket.wait_writable(std::move(again));
  pending->socket.wait_readable(std::move(again));
}

void TlsHandshakes::succeed(const PendingRef& pending) {
  succeeded_.add();
  ClientSocket socket = std::move(pending->socket);
  end(pending, std::move(socket));
}

void TlsHandshakes::fail(const PendingRef& pending) {
  failed_.add();
  const TlsChannel& tls = *pending->socket.tls();
  const auto held_back = log_.admit(std::chrono::steady_clock::now());
  if (held_back >= 0) {
    log_warn("TLS handshake failed",
             {{"server", options_.server},
              {"peer", pending->peer},
              {"reason", tls.failure().empty() ? "the peer has left" : tls.failure()},
              {"more", held_back}});
  }
  if (tls.met_plain_http()) explain_to_plain_http(pending->socket.native_handle());
  pending->socket.end_sending();
  end(pending, std::nullopt);
}

void TlsHandshakes::end(const PendingRef& pending, std::optional<ClientSocket> socket) {
  pending->over = true;
  pending_.erase(pending->place);
  if (!socket) pending->socket.close();
  std::exchange(pending->done, nullptr)(std::move(socket));
}

void TlsHandshakes::close() {
  while (!pending_.empty()) end(PendingRef(pending_.front()), std::nullopt);
  timer_.cancel();
}

void TlsHandshakes::watch_deadlines() {
  if (watching_ || pending_.empty()) return;
  watching_ = true;
  timer_.expires_at(pending_.front()->deadline);
  timer_.async_wait([self = shared_from_this()](error_code cancelled) {
    self->watching_ = false;
    if (!cancelled) self->expire();
    self->watch_deadlines();
  });
}

void TlsHandshakes::expire() {
  const auto now = std::chrono::steady_clock::now();
  while (!pending_.empty() && pending_.front()->deadline <= now) {
    timed_out_.add();
    const PendingRef pending = pending_.front();
    const auto held_back = log_.admit(now);
    if (held_back >= 0) {
      log_warn("TLS handshake not complete in time", {{"server", options_.server},
                                                      {"peer", pending->peer},
                                                      {"limit_ms", options_.deadline.count()},
                                                      {"more", held_back}});
    }
    end(pending, std::nullopt);
  }
}

}  // namespace stampede::sockets
