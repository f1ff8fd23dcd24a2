#pragma once

#include <memory>
#include <span>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include "shared/sockets/socket_io.h"
#include "shared/sockets/tls_channel.h"

namespace stampede::sockets {

/// One client's connection as bytes, in the clear or through TLS. Reads and writes never block;
/// waits run their handler, `void(error_code)`, posted, on the loop of the socket, and with an
/// error when the socket is closed meanwhile. One thread. An idle one holds no buffer.
class ClientSocket {
 public:
  /// With `tls` the handshake comes first; TlsHandshakes looks after that.
  explicit ClientSocket(boost::asio::ip::tcp::socket socket,
                        std::unique_ptr<TlsChannel> tls = nullptr) noexcept
      : socket_(std::move(socket)), tls_(std::move(tls)) {}

  /// Takes what is there, at most as much as fits.
  [[nodiscard]] IoResult read_some(std::span<char> into);
  /// Takes some of the bytes, in order, with one system call. The kernel may not have all of them
  /// yet: `holds_back`. Then write again, if need be nothing, when the socket is writable.
  [[nodiscard]] IoResult write_some(std::span<iovec> buffers);
  [[nodiscard]] bool holds_back() const noexcept { return tls_ && tls_->holds_back(); }

  template <class Handler>
  void wait_readable(Handler handler) {
    if (tls_ && tls_->has_read_ahead()) {
      return boost::asio::post(socket_.get_executor(), [handler = std::move(handler)]() mutable {
        handler(boost::system::error_code());
      });
    }
    socket_.async_wait(boost::asio::ip::tcp::socket::wait_read, std::move(handler));
  }
  template <class Handler>
  void wait_writable(Handler handler) {
    socket_.async_wait(boost::asio::ip::tcp::socket::wait_write, std::move(handler));
  }

  /// Tells the peer that nothing more comes; reading goes on.
  void end_sending();
  void close();

  [[nodiscard]] int native_handle() { return socket_.native_handle(); }
  /// Null in the clear.
  [[nodiscard]] TlsChannel* tls() noexcept { return tls_.get(); }

 private:
  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<TlsChannel> tls_;
};

}  // namespace stampede::sockets
