#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "shared/adapters/rabbitmq/codec.h"
#include "shared/adapters/rabbitmq/url.h"
#include "shared/runtime/loop.h"

namespace stampede::test {

/// Frames that clients have sent.
struct ProxyCounts {
  std::atomic<std::size_t> publishes{0};
  std::atomic<std::size_t> heartbeats{0};
};

/// One client's connection through the proxy. Loop's thread only.
class ProxySession : public std::enable_shared_from_this<ProxySession> {
 public:
  using Tcp = boost::asio::ip::tcp;

  ProxySession(Tcp::socket client, ProxyCounts& counts)
      : client_(std::move(client)), server_(client_.get_executor()), counts_(counts) {}

  void start(const Tcp::endpoint& broker) {
    boost::system::error_code ec;
    server_.connect(broker, ec);
    if (ec) return close();
    read(client_, from_client_, [this](std::string_view bytes) { on_client(bytes); });
    read(server_, from_server_, [this](std::string_view bytes) { on_server(bytes); });
  }

  void close() {
    boost::system::error_code ignored;
    client_.close(ignored);
    server_.close(ignored);
  }
  /// From now on nothing passes, as if the network were gone.
  void freeze() { frozen_ = true; }
  /// To the client, between two frames.
  void inject(const std::string& frame) { send(client_, frame); }

 private:
  using Buffer = std::array<char, 65536>;

  template <class OnBytes>
  void read(Tcp::socket& socket, Buffer& buffer, OnBytes on_bytes) {
    socket.async_read_some(boost::asio::buffer(buffer),
                           [self = shared_from_this(), &socket, &buffer, on_bytes](
                               boost::system::error_code ec, std::size_t count) {
                             if (ec) return self->close();
                             if (!self->frozen_) on_bytes(std::string_view(buffer.data(), count));
                             self->read(socket, buffer, on_bytes);
                           });
  }

  void on_client(std::string_view bytes) {
    send(server_, std::string(bytes));
    client_stream_.append(bytes);
    std::string_view rest(client_stream_);
    if (!greeted_ && rest.size() < rabbitmq::kProtocolHeader.size()) return;
    if (!std::exchange(greeted_, true)) rest.remove_prefix(rabbitmq::kProtocolHeader.size());
    while (true) {
      const auto frame = rabbitmq::cut_frame(rest, rabbitmq::kFrameMaxBytes).value();
      if (!frame) break;
      static constexpr std::string_view kPublish("\0\x3c\0\x28", 4);
      if (frame->type == AMQP_FRAME_METHOD && frame->payload.starts_with(kPublish))
        ++counts_.publishes;
      if (frame->type == AMQP_FRAME_HEARTBEAT) ++counts_.heartbeats;
    }
    client_stream_.erase(0, client_stream_.size() - rest.size());
  }

  /// Whole frames only, so that another may be put between any two writes.
  void on_server(std::string_view bytes) {
    server_stream_.append(bytes);
    std::string_view rest(server_stream_);
    while (rabbitmq::cut_frame(rest, rabbitmq::kFrameMaxBytes).value()) {
    }
    const std::size_t whole = server_stream_.size() - rest.size();
    if (whole == 0) return;
    send(client_, server_stream_.substr(0, whole));
    server_stream_.erase(0, whole);
  }

  void send(Tcp::socket& socket, const std::string& bytes) {
    boost::system::error_code ec;
    boost::asio::write(socket, boost::asio::buffer(bytes), ec);
    if (ec) close();
  }

  Tcp::socket client_;
  Tcp::socket server_;
  ProxyCounts& counts_;
  Buffer from_client_{};
  Buffer from_server_{};
  std::string client_stream_;
  std::string server_stream_;
  bool greeted_ = false;
  bool frozen_ = false;
};

/// A network between a test's process and the broker that does what the test wants. Any thread.
class AmqpProxy {
 public:
  explicit AmqpProxy(const std::string& upstream)
      : upstream_(rabbitmq::parse_url(upstream).value()),
        acceptor_(loop_.context(), {boost::asio::ip::address_v4::loopback(), 0}) {
    const auto found =
        Tcp::resolver(loop_.context()).resolve(upstream_.host, std::to_string(upstream_.port));
    broker_ = *found.begin();
    accept();
    loop_.start();
  }
  ~AmqpProxy() { loop_.stop(); }

  [[nodiscard]] std::string url() const {
    return "amqp://" + upstream_.user + ":" + upstream_.password +
           "@127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) +
           (upstream_.vhost == "/" ? "" : "/" + upstream_.vhost);
  }

  void cut() {
    each([](ProxySession& session) { session.close(); });
  }
  /// New connections are closed at once, as a broker that restarts does.
  void refuse(bool refused) { refused_ = refused; }
  void freeze() {
    each([](ProxySession& session) { session.freeze(); });
  }
  void inject(const std::string& frame) {
    each([frame](ProxySession& session) { session.inject(frame); });
  }
  /// basic.publish methods that clients have sent.
  [[nodiscard]] std::size_t publishes() const { return counts_.publishes; }
  [[nodiscard]] std::size_t heartbeats() const { return counts_.heartbeats; }

 private:
  using Tcp = boost::asio::ip::tcp;

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code ec, Tcp::socket client) {
      if (ec) return;
      if (!refused_) {
        const auto session = std::make_shared<ProxySession>(std::move(client), counts_);
        sessions_.push_back(session);
        session->start(broker_);
      }
      accept();
    });
  }

  void each(const std::function<void(ProxySession&)>& act) {
    loop_.post([this, act] {
      for (const auto& weak : sessions_) {
        if (const auto session = weak.lock()) act(*session);
      }
    });
  }

  rabbitmq::Endpoint upstream_;
  ProxyCounts counts_;
  std::atomic<bool> refused_{false};
  std::vector<std::weak_ptr<ProxySession>> sessions_;
  Loop loop_{"proxy"};
  Tcp::acceptor acceptor_;
  Tcp::endpoint broker_;
};

}  // namespace stampede::test
