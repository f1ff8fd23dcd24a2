#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace stampede::test {

/// A blocking loopback socket that sends exactly what it is told. Reads give up after 5 s.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval deadline{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  RawClient(RawClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_) {}
  ~RawClient() {
    if (fd_ >= 0) ::close(fd_);
  }

  [[nodiscard]] bool connected() const { return connected_; }

  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// One response: its header and as much body as Content-Length says (none after HEAD).
  std::string response(bool with_body = true) {
    while (pending_.find("\r\n\r\n") == std::string::npos) {
      if (!receive()) return std::exchange(pending_, {});
    }
    std::size_t end = pending_.find("\r\n\r\n") + 4;
    const std::size_t length = pending_.find("Content-Length: ");
    if (with_body && length < end) end += std::stoul(pending_.substr(length + 16));
    while (pending_.size() < end && receive()) {
    }
    std::string whole = pending_.substr(0, end);
    pending_.erase(0, end);
    return whole;
  }

  /// Everything until the server closes; sets `closed` when it did in time.
  std::string rest(bool& closed) {
    while (receive()) {
    }
    closed = end_;
    return std::exchange(pending_, {});
  }

  std::string exchange(std::string_view request) {
    send(request);
    return response();
  }

 private:
  bool receive() {
    char buffer[4096];
    const auto received = ::recv(fd_, buffer, sizeof buffer, 0);
    end_ = received == 0 || (received < 0 && errno == ECONNRESET);
    if (received <= 0) return false;
    pending_.append(buffer, static_cast<std::size_t>(received));
    return true;
  }

  int fd_;
  bool connected_ = false;
  bool end_ = false;
  std::string pending_;
};

}  // namespace stampede::test
