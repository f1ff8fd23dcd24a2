#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace stampede::test {

/// A blocking client that trusts anybody and waits at most ten seconds for anything.
class TlsClient {
 public:
  /// `receive_buffer` as small as the kernel lets it be makes a slow peer of it.
  explicit TlsClient(std::uint16_t port, int max_version = TLS1_3_VERSION, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)),
        context_(::SSL_CTX_new(::TLS_client_method()), ::SSL_CTX_free) {
    std::signal(SIGPIPE, SIG_IGN);  // a peer that has left is an error of the write
    const timeval deadline{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    if (receive_buffer > 0) {
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    // Versions below 1.2 need the lowest level, else this side would refuse by itself.
    ::SSL_CTX_set_security_level(context_.get(), 0);
    ::SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    ::SSL_CTX_set_max_proto_version(context_.get(), max_version);
    ssl_.reset(::SSL_new(context_.get()));
    ::SSL_set_fd(ssl_.get(), socket_);
  }
  ~TlsClient() { ::close(socket_); }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  [[nodiscard]] bool handshake() { return connected_ && ::SSL_connect(ssl_.get()) == 1; }
  [[nodiscard]] std::string version() const { return ::SSL_get_version(ssl_.get()); }
  /// Whom the peer says it is.
  [[nodiscard]] std::string common_name() const {
    const std::unique_ptr<X509, decltype(&::X509_free)> shown(
        ::SSL_get1_peer_certificate(ssl_.get()), ::X509_free);
    char name[100] = "";
    ::X509_NAME_get_text_by_NID(::X509_get_subject_name(shown.get()), NID_commonName, name,
                                sizeof name);
    return name;
  }

  bool send(std::string_view bytes) {
    std::size_t written = 0;
    return ::SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) == 1;
  }
  /// Up to and with `end`; everything until the end of the stream when it does not come.
  std::string read_until(std::string_view end) {
    while (buffer_.find(end) == std::string::npos) {
      if (!read_more()) return std::exchange(buffer_, {});
    }
    const std::size_t size = buffer_.find(end) + end.size();
    std::string out = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return out;
  }
  /// Exactly so many bytes, or what there was.
  std::string read_bytes(std::size_t count) {
    while (buffer_.size() < count && read_more()) {
    }
    std::string out = buffer_.substr(0, count);
    buffer_.erase(0, out.size());
    return out;
  }
  /// Whether the peer has ended its side, and said so.
  [[nodiscard]] bool peer_said_goodbye() const {
    return (::SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }
  void send_in_the_clear(std::string_view bytes) {
    static_cast<void>(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }
  void say_goodbye() { ::SSL_shutdown(ssl_.get()); }
  void end_sending() { ::shutdown(socket_, SHUT_WR); }

 private:
  bool read_more() {
    char piece[65536];
    std::size_t got = 0;
    if (::SSL_read_ex(ssl_.get(), piece, sizeof piece, &got) != 1) return false;
    buffer_.append(piece, got);
    return true;
  }

  struct FreeSsl {
    void operator()(SSL* ssl) const { ::SSL_free(ssl); }
  };
  int socket_;
  bool connected_ = false;
  std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  std::string buffer_;
};

}  // namespace stampede::test
