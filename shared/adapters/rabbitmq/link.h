#pragma once

#include <array>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "shared/adapters/rabbitmq/connection.h"
#include "shared/adapters/rabbitmq/topology.h"
#include "shared/base/log.h"
#include "shared/base/metrics.h"

namespace stampede::rabbitmq {

/// One channel's part in a link. Lives as long as its link; called on the loop.
class ChannelUser {
 public:
  ChannelUser() = default;
  ChannelUser(const ChannelUser&) = delete;
  ChannelUser& operator=(const ChannelUser&) = delete;

  /// The connection is open and the topology declared: open the channel.
  virtual void on_up(Connection& connection) = 0;
  /// The connection is gone and with it everything that was said on it.
  virtual void on_down() = 0;
  virtual void on_method(const Method& method) = 0;
  virtual void on_content(const Content& content) = 0;
  virtual void on_read_end() {}
  /// Bytes were written, or the broker takes publishes again.
  virtual void on_writable() {}
  /// Everything that was there before the connection is there again.
  [[nodiscard]] virtual bool ready() const = 0;

 protected:
  ~ChannelUser() = default;
};

/// Keeps one connection to the broker alive: connects, declares the topology, tells the users of
/// its channels, and begins again after every error with jittered, doubling pauses. A channel error
/// is treated like a connection error, because what caused it (an exchange was deleted, a queue has
/// other arguments) is put right, or shown, by starting over.
class Link final : public Connection::Owner {
 public:
  struct Settings {
    Connection::Settings connection;
    std::string label;  ///< of logs and metrics
    Milliseconds backoff_min{100};
    Milliseconds backoff_max{5'000};
  };
  static constexpr ChannelId kTopologyChannel = 1;

  /// `changed` runs when `ready` or `reason` may have changed. Everything outlives the link.
  Link(boost::asio::io_context& context, Settings settings, const Topology& topology,
       Metrics& metrics, std::function<void()> changed);
  ~Link();

  /// `channel` is from 2 to Connection::kChannels - 1 and not taken. Opens the link if it is not.
  void attach(ChannelId channel, ChannelUser& user);
  void open();
  /// A user saw something that only a new connection puts right.
  void fail(const Error& error);
  /// A user's `ready` changed.
  void user_changed();

  [[nodiscard]] bool opened() const { return opened_; }
  [[nodiscard]] bool blocked() const { return blocked_; }
  [[nodiscard]] bool ready() const;
  /// Why it is not ready, for a person.
  [[nodiscard]] std::string reason() const;

 private:
  void on_open() override;
  void on_method(ChannelId channel, const Method& method) override;
  void on_content(ChannelId channel, const Content& content) override;
  void on_blocked(bool blocked, std::string_view reason) override;
  void on_read_end() override;
  void on_written() override;
  void on_closed(const Error& error) override;

  void connect();
  void topology_declared();
  void retry_later(const Error& error);
  [[nodiscard]] Milliseconds next_pause();
  template <class F>
  void each_user(F f);

  boost::asio::io_context& context_;
  Settings settings_;
  const Topology& topology_;
  std::function<void()> changed_;
  Gauge connected_;
  Gauge blocked_gauge_;
  Counter reconnects_;

  std::array<ChannelUser*, Connection::kChannels> users_{};
  std::shared_ptr<Connection> connection_;
  boost::asio::steady_timer retry_;
  std::minstd_rand random_;
  LogLimiter log_limiter_{std::chrono::seconds(10)};

  bool opened_ = false;
  std::size_t topology_answers_ = 0;  ///< still owed by the broker
  bool up_ = false;                   ///< users were told so
  bool was_ready_ = false;
  Clock::Instant ready_since_{};
  bool blocked_ = false;
  unsigned failures_ = 0;  ///< in a row
  std::string reason_ = "not connected yet";
  const std::shared_ptr<const Link*> alive_ = std::make_shared<const Link*>(this);
};

}  // namespace stampede::rabbitmq
