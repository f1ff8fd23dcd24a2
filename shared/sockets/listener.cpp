#include "shared/sockets/listener.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <exception>

namespace stampede::sockets {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr int kBacklog = 4096;
constexpr std::chrono::milliseconds kRetry{100};

Error cannot_listen(const std::string& address, std::uint16_t port, error_code ec) {
  const bool v6 = address.find(':') != std::string::npos;
  std::string text = "cannot listen on " + (v6 ? "[" + address + "]" : address) + ":" +
                     std::to_string(port) + ": " + ec.message();
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

error_code take_address(tcp::acceptor& acceptor, const std::string& address, std::uint16_t port,
                        bool shared) {
  error_code ec;
  const tcp::endpoint endpoint(boost::asio::ip::make_address(address, ec), port);
  if (!ec) acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec && shared) ec = share_port(acceptor);
  if (!ec) acceptor.bind(endpoint, ec);
  return ec;
}

}  // namespace

Listener::Listener(Loop& loop, ListenOptions options, Counter failures, OnClient on_client)
    : loop_(loop),
      options_(std::move(options)),
      failures_(failures),
      on_client_(std::move(on_client)),
      acceptor_(loop.context()),
      retry_timer_(loop.context()) {}

Result<void> Listener::open() {
  error_code ec = take_address(acceptor_, options_.address, options_.port, options_.reuse_port);
  if (!ec) acceptor_.listen(kBacklog, ec);
  if (!ec) local_port_ = acceptor_.local_endpoint(ec).port();
  if (ec) {
    close();
    return cannot_listen(options_.address, options_.port, ec);
  }
  accept();
  return {};
}

void Listener::close() noexcept {
  error_code ignored;
  acceptor_.close(ignored);
  retry_timer_.cancel();
}

void Listener::accept() {
  acceptor_.async_accept(loop_.context(), peer_,
                         [self = shared_from_this()](error_code ec, tcp::socket socket) {
                           self->on_accept(ec, std::move(socket));
                         });
}

void Listener::on_accept(error_code ec, tcp::socket socket) {
  if (!acceptor_.is_open()) return;
  if (ec && ec != boost::asio::error::connection_aborted) return retry(ec);
  if (!ec) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.non_blocking(true, ignored);  // no write of ours may hold up the loop
    try {
      on_client_(std::move(socket), peer_);
    } catch (const std::exception& error) {
      log_error("connection not admitted", {{"server", options_.name}, {"what", error.what()}});
    }
  }
  accept();
}

/// Out of file descriptors or memory: the connection waits in the backlog until there is room.
void Listener::retry(error_code ec) {
  failures_.add();
  const auto held_back = log_.admit(std::chrono::steady_clock::now());
  if (held_back >= 0) {
    log_error("cannot accept connections",
              {{"server", options_.name}, {"error", ec.message()}, {"more", held_back}});
  }
  retry_timer_.expires_after(kRetry);
  retry_timer_.async_wait([self = shared_from_this()](error_code cancelled) {
    if (!cancelled && self->acceptor_.is_open()) self->accept();
  });
}

Result<std::uint16_t> claim_port(const std::string& address, std::uint16_t port) {
  boost::asio::io_context context;
  tcp::acceptor acceptor(context);
  error_code ec = take_address(acceptor, address, port, false);
  std::uint16_t claimed = 0;
  if (!ec) claimed = acceptor.local_endpoint(ec).port();
  if (ec) return cannot_listen(address, port, ec);
  return claimed;
}

IpAddress address_of(const Listener::Endpoint& endpoint) {
  const auto address = endpoint.address();
  return address.is_v4() ? IpAddress::of_v4(address.to_v4().to_bytes())
                         : IpAddress::of_v6(address.to_v6().to_bytes());
}

std::string to_text(const Listener::Endpoint& endpoint) {
  const auto address = endpoint.address();
  const std::string text = address.to_string();
  return (address.is_v6() ? "[" + text + "]" : text) + ":" + std::to_string(endpoint.port());
}

}  // namespace stampede::sockets
