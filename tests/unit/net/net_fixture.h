#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/net/net_shard.h"
#include "gateway/net/session_factory.h"
#include "gateway/net/ws_connection.h"
#include "shared/runtime/ticker.h"
#include "tests/unit/net/test_client.h"

namespace stampede::test {

/// What sessions lived through, readable from the test's thread.
class EventLog {
 public:
  void add(std::string event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    changed_.notify_all();
  }
  /// Waits, at most ten seconds, until there are `count` events.
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return events_.size() >= count; });
    return events_;
  }
  /// Waits, at most ten seconds, until the last event is `event`.
  [[nodiscard]] bool ends_with(std::string_view event) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10),
                             [&] { return !events_.empty() && events_.back() == event; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> events_;
};

/// A session whose behaviour a test gives; logs `got …`, `overflow`, `end of input`, `closed …`,
/// `destroyed`.
class ScriptedSession : public gateway::SessionInput {
 public:
  using OnBytes = std::function<void(gateway::Transport&, std::string_view)>;

  ScriptedSession(gateway::Transport& transport, EventLog& log, OnBytes on_bytes,
                  OnBytes on_overflow, OnBytes on_end = nullptr)
      : transport_(transport),
        log_(log),
        on_bytes_(std::move(on_bytes)),
        on_overflow_(std::move(on_overflow)),
        on_end_(std::move(on_end)) {}
  ~ScriptedSession() override { log_.add("destroyed"); }

  void on_bytes(std::string_view bytes) override {
    log_.add("got " + std::string(bytes.substr(0, 40)));
    if (on_bytes_) on_bytes_(transport_, bytes);
  }
  void on_end_of_input() override {
    log_.add("end of input");
    if (on_end_) {
      on_end_(transport_, {});
    } else {
      transport_.close(gateway::CloseReason::kClientLeft);
    }
  }
  void on_shutdown() override { transport_.close(gateway::CloseReason::kShuttingDown); }
  void on_overflow(std::size_t) override {
    log_.add("overflow");
    if (on_overflow_) on_overflow_(transport_, {});
  }
  void on_closed(gateway::CloseReason reason) override {
    log_.add("closed " + std::string(gateway::close_info(reason).label));
  }

 private:
  gateway::Transport& transport_;
  EventLog& log_;
  OnBytes on_bytes_;
  OnBytes on_overflow_;
  OnBytes on_end_;  ///< none: leaves
};

inline gateway::Slice frame(std::string_view text) { return gateway::Slice::of_stomp_frame(text); }

/// A shard with its loop and a port that turns what connects into WebSockets, handshake skipped, or
/// into what a derived fixture makes of it.
class NetFixture : public ::testing::Test {
 protected:
  using tcp = boost::asio::ip::tcp;

  NetFixture() { options_.close_timeout = Milliseconds(5000); }
  ~NetFixture() override { stop(); }

  void start() {
    shard_.emplace(loop_, wheel_, options_, budget_, metrics_);
    ticker_.emplace(loop_, Milliseconds(5), [this] { wheel_.advance(); });
    loop_.start();
  }
  void stop() {
    loop_.stop();
    ticker_.reset();
    shard_.reset();
  }

  /// A client whose connection has a ScriptedSession; the greeting is read already.
  std::unique_ptr<TestClient> connect(std::string leftover = {}, int receive_buffer = 0) {
    auto client = std::make_unique<TestClient>(acceptor_.local_endpoint().port(), receive_buffer);
    tcp::socket socket(loop_.context());
    acceptor_.accept(socket);
    if (send_buffer_ > 0) socket.set_option(tcp::socket::send_buffer_size(send_buffer_));
    run_on_loop([&] {
      ASSERT_TRUE(shard_->admit());
      const auto made = make_connection(sockets::ClientSocket(std::move(socket)));
      connection_ = made;
      made->start(std::make_shared<ScriptedSession>(*made, log_, on_bytes_, on_overflow_, on_end_),
                  leftover);
    });
    EXPECT_EQ(client->read_until(greeting_), greeting_);
    return client;
  }

  virtual std::shared_ptr<gateway::StreamConnection> make_connection(sockets::ClientSocket socket) {
    return std::make_shared<gateway::WsConnection>(*shard_, std::move(socket), "peer", greeting_,
                                                   deflate_);
  }

  void run_on_loop(const std::function<void()>& work) {
    const auto done = std::make_shared<std::promise<void>>();
    loop_.post([done, &work] {
      work();
      done->set_value();
    });
    done->get_future().wait();
  }
  /// On the connection made last, which must be there.
  void on_transport(const std::function<void(gateway::Transport&)>& work) {
    run_on_loop([&] {
      const auto connection = connection_.lock();
      ASSERT_NE(connection, nullptr);
      work(*connection);
    });
  }
  double counted(const std::string& name, const Metrics::Labels& labels = {}) {
    return metrics_.counter(name, "", labels).value();
  }

  gateway::NetOptions options_;
  ScriptedSession::OnBytes on_bytes_;
  ScriptedSession::OnBytes on_overflow_;
  ScriptedSession::OnBytes on_end_;
  std::string greeting_ = "hello\n";
  int send_buffer_ = 0;
  std::optional<gateway::WsDeflateAgreement> deflate_;  ///< of connections made from then on
  EventLog log_;
  Metrics metrics_;
  gateway::ConnectionBudget budget_{1000};
  std::optional<sockets::AddressBudget> addresses_;  ///< for `options_.addresses`
  TimerWheel wheel_{system_clock(), Milliseconds(10)};
  Loop loop_{"net"};
  std::optional<gateway::NetShard> shard_;
  std::optional<Ticker> ticker_;
  std::weak_ptr<gateway::StreamConnection> connection_;

 private:
  boost::asio::io_context accepting_;
  tcp::acceptor acceptor_{accepting_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
};

}  // namespace stampede::test
