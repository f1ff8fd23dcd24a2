#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <span>
#include <string>

#include "shared/sockets/socket_io.h"

namespace stampede::sockets {

struct SslDeleter {
  void operator()(SSL* ssl) const noexcept { ::SSL_free(ssl); }
};
using SslHandle = std::unique_ptr<SSL, SslDeleter>;

/// The server's side of TLS on one non-blocking socket, which it does not own. One thread. Neither
/// blocks nor waits; its owner waits for the socket. While nothing is under way it holds no buffer:
/// OpenSSL releases its own, and only what the kernel would not take is kept here.
class TlsChannel {
 public:
  TlsChannel(SslHandle ssl, int socket);
  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;

  /// kDone: complete. kWouldBlock: again when the socket is writable (while `holds_back`) or else
  /// readable. kFailed: `failure` says why.
  [[nodiscard]] IoStatus handshake();

  /// Both after the handshake. What was read may leave more for which no wait on the socket is
  /// needed: `has_read_ahead`.
  [[nodiscard]] IoResult read_some(std::span<char> into);
  /// The bytes that it takes are on their way, though the kernel may not have them: `holds_back`.
  /// With nothing to write it gives the kernel what was held back.
  [[nodiscard]] IoResult write_some(std::span<iovec> buffers);

  [[nodiscard]] bool has_read_ahead() const noexcept { return has_read_ahead_; }
  [[nodiscard]] bool holds_back() const noexcept { return !held_back_.empty(); }

  /// Tells the peer that nothing more comes, if it can be told without waiting.
  void say_goodbye();

  /// Why it failed, in OpenSSL's words; empty when the peer has just left.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
  /// The peer began with an HTTP request in the clear.
  [[nodiscard]] bool met_plain_http() const noexcept { return met_plain_http_; }

 private:
  friend struct SocketBio;

  [[nodiscard]] bool write_record(std::string_view plain);
  [[nodiscard]] IoStatus send(std::string_view records);
  [[nodiscard]] IoStatus send_held_back();
  [[nodiscard]] IoStatus send_encrypted();
  [[nodiscard]] IoStatus fail();

  SslHandle ssl_;
  int socket_;
  bool peer_ended_ = false;
  bool has_read_ahead_ = false;
  bool failed_ = false;
  bool met_plain_http_ = false;
  std::string held_back_;
  std::string failure_;
};

}  // namespace stampede::sockets
