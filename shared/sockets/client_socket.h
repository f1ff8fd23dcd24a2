#pragma once

#include <span>
#include <utility>

#include <boost/asio/ip/tcp.hpp>

#include "shared/sockets/socket_io.h"

namespace stampede::sockets {

/// One client's connection as bytes. Reads and writes never block and never throw; waits run their
/// handler, `void(error_code)`, on the loop of the socket, and with an error when the socket is
/// closed meanwhile. One thread. An idle one holds no buffer.
class ClientSocket {
 public:
  explicit ClientSocket(boost::asio::ip::tcp::socket socket) noexcept
      : socket_(std::move(socket)) {}

  /// Takes what is there, at most as much as fits.
  [[nodiscard]] IoResult read_some(std::span<char> into) noexcept;
  /// Takes some of the bytes, in order, with one system call.
  [[nodiscard]] IoResult write_some(std::span<iovec> buffers) noexcept;

  template <class Handler>
  void wait_readable(Handler handler) {
    socket_.async_wait(boost::asio::ip::tcp::socket::wait_read, std::move(handler));
  }
  template <class Handler>
  void wait_writable(Handler handler) {
    socket_.async_wait(boost::asio::ip::tcp::socket::wait_write, std::move(handler));
  }

  /// Tells the peer that nothing more comes; reading goes on.
  void end_sending() noexcept;
  void close() noexcept;

  [[nodiscard]] int native_handle() { return socket_.native_handle(); }

 private:
  boost::asio::ip::tcp::socket socket_;
};

}  // namespace stampede::sockets
