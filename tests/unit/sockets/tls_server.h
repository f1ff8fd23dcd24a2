#pragma once

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <future>
#include <memory>
#include <string>

#include "shared/sockets/listener.h"
#include "shared/sockets/tls_handshakes.h"
#include "tests/support/test_certificate.h"

namespace stampede::test {

/// Says everything back; at the peer's end says `<end>` and ends, too. Reads a little at a time, so
/// that records outlast a read. On the loop's thread.
class EchoPeer : public std::enable_shared_from_this<EchoPeer> {
 public:
  explicit EchoPeer(sockets::ClientSocket socket) : socket_(std::move(socket)) {}

  void read() {
    socket_.wait_readable([self = shared_from_this()](boost::system::error_code ec) {
      if (!ec) self->on_readable();
    });
  }
  void say(const std::string& text) {
    out_ += text;
    write();
  }

 private:
  void on_readable() {
    std::array<char, 1000> buffer;
    const sockets::IoResult got = socket_.read_some(buffer);
    switch (got.status) {
      case sockets::IoStatus::kDone: say(std::string(buffer.data(), got.bytes)); break;
      case sockets::IoStatus::kWouldBlock: break;
      case sockets::IoStatus::kEnd: ended_ = true; return say("<end>");
      case sockets::IoStatus::kFailed: return socket_.close();
    }
    read();
  }
  void write() {
    if (waiting_) return;
    while (sent_ < out_.size() || socket_.holds_back()) {
      std::array<iovec, 1> rest{sockets::buffer_of(std::string_view(out_).substr(sent_))};
      const sockets::IoResult wrote = socket_.write_some(rest);
      if (wrote.status == sockets::IoStatus::kWouldBlock) return write_later();
      if (wrote.status != sockets::IoStatus::kDone) return socket_.close();
      sent_ += wrote.bytes;
    }
    if (ended_) socket_.end_sending();
  }
  void write_later() {
    waiting_ = true;
    socket_.wait_writable([self = shared_from_this()](boost::system::error_code ec) {
      self->waiting_ = false;
      if (!ec) self->write();
    });
  }

  sockets::ClientSocket socket_;
  std::string out_;
  std::size_t sent_ = 0;
  bool ended_ = false;
  bool waiting_ = false;
};

/// A listener behind TLS on a loop of its own, with a certificate called "first".
class TlsServerTest : public ::testing::Test {
 protected:
  TlsServerTest() { files_.make("cert.pem", "key.pem", "first"); }
  ~TlsServerTest() override {
    if (listener_) on_loop([this] { listener_->close(); });
    loop_.stop();
  }

  void serve(Milliseconds deadline = Milliseconds(10'000)) {
    auto identity =
        sockets::TlsIdentity::load({files_.path("cert.pem"), files_.path("key.pem")}, metrics_);
    ASSERT_TRUE(identity) << identity.error().detail;
    identity_ = *identity;
    handshakes_ = std::make_shared<sockets::TlsHandshakes>(
        loop_, identity_, sockets::TlsHandshakes::Options{"test", deadline}, metrics_);
    listener_ = std::make_shared<sockets::Listener>(
        loop_, sockets::ListenOptions{"test", "127.0.0.1", 0, false},
        metrics_.counter("failures_total", ""), [this](auto socket, const auto& peer) {
          handshakes_->start(std::move(socket), sockets::to_text(peer), [this](auto secured) {
            if (secured) admit(*std::move(secured));
          });
        });
    ASSERT_TRUE(listener_->open());
    loop_.start();
  }

  void admit(sockets::ClientSocket socket) {
    const auto peer = std::make_shared<EchoPeer>(std::move(socket));
    peer->read();
    if (!greeting_.empty()) peer->say(greeting_);
  }

  template <class Work>
  void on_loop(Work work) {
    std::promise<void> done;
    loop_.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  [[nodiscard]] std::uint16_t port() const { return listener_->local_port(); }
  double handshakes(const char* result) {
    return metrics_
        .counter("stampede_tls_handshakes_total", "", {{"server", "test"}, {"result", result}})
        .value();
  }

  CertificateFolder files_;
  Metrics metrics_;
  std::string greeting_;
  Loop loop_{"tls-test"};
  std::shared_ptr<sockets::TlsIdentity> identity_;
  std::shared_ptr<sockets::TlsHandshakes> handshakes_;
  std::shared_ptr<sockets::Listener> listener_;
};

}  // namespace stampede::test
