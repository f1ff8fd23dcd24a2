#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shared/adapters/rabbitmq/codec.h"
#include "shared/adapters/rabbitmq/handshake.h"
#include "shared/adapters/rabbitmq/url.h"
#include "shared/base/clock.h"

namespace stampede::rabbitmq {

/// One life of one AMQP connection: resolve, connect, TLS, log in, then frames both ways with
/// heart-beats until the first error, which ends it for good.
///
/// Owned by its Link; runs on the loop of `context`. What is appended to `out()` in one turn of the
/// loop goes out in one write. Callbacks run on the loop, also from inside `fail`; none comes after
/// `on_closed` or `abandon`.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Settings {
    Endpoint endpoint;
    std::string name;  ///< what the broker shows
    Milliseconds connect_timeout{5'000};
    Seconds heartbeat{10};
  };

  class Owner {
   public:
    Owner() = default;
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;
    virtual void on_open() = 0;
    virtual void on_method(ChannelId channel, const Method& method) = 0;
    virtual void on_content(ChannelId channel, const Content& content) = 0;
    /// The broker stops, or again takes, publishes on this connection.
    virtual void on_blocked(bool blocked, std::string_view reason) = 0;
    /// Everything of one read has been handed out.
    virtual void on_read_end() = 0;
    /// A write is done: `unsent_bytes` has shrunk.
    virtual void on_written() = 0;
    virtual void on_closed(const Error& error) = 0;

   protected:
    ~Owner() = default;
  };

  /// Channels that may carry messages: 0 to kChannels - 1.
  static constexpr ChannelId kChannels = 8;

  Connection(boost::asio::io_context& context, const Settings& settings, Owner& owner);

  void start();
  /// Ends the connection with `error`; `on_closed` is called before this returns.
  void fail(const Error& error);
  /// Ends it without a callback. If it is open the broker is told, as far as that needs no waiting.
  void abandon();

  /// Where frames to send are appended, whole; then call `flush`.
  [[nodiscard]] std::string& out() { return out_; }
  /// Writes `out()` at the end of this turn of the loop.
  void flush();
  [[nodiscard]] std::size_t unsent_bytes() const { return out_.size() + writing_.size(); }
  [[nodiscard]] std::size_t frame_max() const { return handshake_.tuned().frame_max; }

  /// While paused nothing is read, so the broker must wait, and its silence is not held against it.
  void pause_reading(bool paused);

 private:
  using Tcp = boost::asio::ip::tcp;
  using ErrorCode = boost::system::error_code;
  enum class State { kConnecting, kHandshake, kOpen, kClosed };

  void on_resolved(const Tcp::resolver::results_type& addresses);
  void on_connected();
  Result<void> prepare_tls();
  void start_tls();
  void start_handshake();
  void fail_with(const std::string& what, const ErrorCode& ec);

  void read();
  void on_read(std::size_t count);
  void handle_input();
  Result<void> handle_frame(const Frame& frame);
  Result<void> handle_method(const Frame& frame);
  Result<void> handle_connection_method(const Method& method);
  void opened();

  void write();
  void watch_heartbeats();
  void on_heartbeat_tick();

  Settings settings_;
  Owner* owner_;  ///< null once closed
  Tcp::resolver resolver_;
  Tcp::socket socket_;
  std::optional<boost::asio::ssl::context> tls_context_;
  std::optional<boost::asio::ssl::stream<Tcp::socket&>> tls_;
  boost::asio::steady_timer timer_;  ///< the connect deadline, then heart-beats
  State state_ = State::kConnecting;
  Handshake handshake_;

  std::vector<char> in_;
  std::size_t in_begin_ = 0;  ///< what is read and not yet handled
  std::size_t in_end_ = 0;
  bool reading_ = false;
  bool read_paused_ = false;
  Clock::Instant last_read_{};
  DecodePool pool_;
  std::vector<ContentAssembler> channels_{kChannels};

  std::string out_;
  std::string writing_;
  bool flush_posted_ = false;
  bool wrote_since_tick_ = false;
};

}  // namespace stampede::rabbitmq
