// Straight to the kernel: Asio's own send and receive would want a handler and buffers that live on
// per connection, and it takes at most 64 buffers a call anyway.
#include "shared/sockets/socket_io.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace stampede::sockets {
namespace {

IoResult outcome(ssize_t moved) noexcept {
  if (moved > 0) return {IoStatus::kDone, static_cast<std::size_t>(moved)};
  if (moved == 0) return {IoStatus::kEnd};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoStatus::kWouldBlock};
  return {IoStatus::kFailed};
}

void set(int socket, int level, int option, int value) noexcept {
  // A connection without probes is as good as any, so a failure changes nothing.
  static_cast<void>(::setsockopt(socket, level, option, &value, sizeof value));
}

}  // namespace

IoResult read_some(int socket, std::span<char> into) noexcept {
  ssize_t moved = 0;
  do {
    moved = ::recv(socket, into.data(), into.size(), MSG_DONTWAIT);
  } while (moved < 0 && errno == EINTR);
  return outcome(moved);
}

IoResult write_some(int socket, std::span<iovec> buffers) noexcept {
  msghdr message{};
  message.msg_iov = buffers.data();
  message.msg_iovlen = buffers.size();
  ssize_t moved = 0;
  do {
    moved = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (moved < 0 && errno == EINTR);
  return outcome(moved);
}

void probe_when_silent(int socket) noexcept {
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

}  // namespace stampede::sockets
