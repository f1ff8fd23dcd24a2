#include "shared/sockets/client_socket.h"

namespace stampede::sockets {

IoResult ClientSocket::read_some(std::span<char> into) noexcept {
  return sockets::read_some(socket_.native_handle(), into);
}

IoResult ClientSocket::write_some(std::span<iovec> buffers) noexcept {
  return sockets::write_some(socket_.native_handle(), buffers);
}

void ClientSocket::end_sending() noexcept {
  boost::system::error_code ignored;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
}

void ClientSocket::close() noexcept {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace stampede::sockets
