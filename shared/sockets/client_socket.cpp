#include "shared/sockets/client_socket.h"

namespace stampede::sockets {

IoResult ClientSocket::read_some(std::span<char> into) {
  return tls_ ? tls_->read_some(into) : sockets::read_some(socket_.native_handle(), into);
}

IoResult ClientSocket::write_some(std::span<iovec> buffers) {
  return tls_ ? tls_->write_some(buffers) : sockets::write_some(socket_.native_handle(), buffers);
}

void ClientSocket::end_sending() {
  if (tls_) tls_->say_goodbye();
  boost::system::error_code ignored;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
}

void ClientSocket::close() {
  if (tls_ && socket_.is_open()) tls_->say_goodbye();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace stampede::sockets
