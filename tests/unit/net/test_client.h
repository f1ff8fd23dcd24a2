#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/unit/net/client_frame.h"

namespace stampede::test {

/// A blocking client on a loopback socket, so that tests decide byte by byte what it does. Waits at
/// most ten seconds for anything.
class TestClient {
 public:
  struct Frame {
    unsigned opcode = 0;
    std::string payload;
    bool compressed = false;  ///< RSV1
    friend bool operator==(const Frame&, const Frame&) = default;
  };

  explicit TestClient(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0) {
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot connect");
    }
  }
  ~TestClient() { leave(); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error("cannot send");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void send_text(std::string_view text) { send(client_frame(kTextFrame, text)); }

  /// Up to and with `end`; everything until the end of the stream when it does not come.
  std::string read_until(std::string_view end) {
    while (buffer_.find(end) == std::string::npos) {
      if (!read_more()) return std::exchange(buffer_, {});
    }
    const std::size_t size = buffer_.find(end) + end.size();
    return take(size);
  }

  /// The next frame; nullopt at the end of the stream.
  std::optional<Frame> read_frame() {
    if (!have(2)) return std::nullopt;
    const unsigned first = static_cast<unsigned char>(buffer_[0]);
    std::size_t size = static_cast<unsigned char>(buffer_[1]) & 0x7f;
    std::size_t header = 2;
    if (size >= 126) {
      const std::size_t extra = size == 126 ? 2 : 8;
      if (!have(2 + extra)) return std::nullopt;
      size = 0;
      for (std::size_t i = 0; i < extra; ++i) {
        size = size << 8 | static_cast<unsigned char>(buffer_[2 + i]);
      }
      header += extra;
    }
    if (!have(header + size)) return std::nullopt;
    take(header);
    return Frame{first & 0x0f, take(size), (first & 0x40) != 0};
  }

  /// Whether the peer ends the stream now; what comes before that is dropped.
  bool at_end() {
    while (read_more()) buffer_.clear();
    return !timed_out_;
  }

  /// Whether nothing arrives for `time`.
  bool quiet(std::chrono::milliseconds time) {
    pollfd waiting{socket_, POLLIN, 0};
    return buffer_.empty() && ::poll(&waiting, 1, static_cast<int>(time.count())) == 0;
  }

  void end_sending() { ::shutdown(socket_, SHUT_WR); }
  void leave() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  /// A TCP reset instead of an orderly end.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    leave();
  }

 private:
  bool have(std::size_t bytes) {
    while (buffer_.size() < bytes) {
      if (!read_more()) return false;
    }
    return true;
  }
  bool read_more() {
    pollfd waiting{socket_, POLLIN, 0};
    if (::poll(&waiting, 1, 10'000) != 1) {
      timed_out_ = true;
      return false;
    }
    char piece[65536];
    const ssize_t got = ::recv(socket_, piece, sizeof piece, 0);
    if (got <= 0) return false;
    buffer_.append(piece, static_cast<std::size_t>(got));
    return true;
  }
  std::string take(std::size_t bytes) {
    std::string out = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return out;
  }

  int socket_;
  std::string buffer_;
  bool timed_out_ = false;
};

}  // namespace stampede::test
