#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "shared/adapters/redis/answer.h"
#include "shared/adapters/redis/command.h"
#include "shared/adapters/redis/link.h"
#include "shared/adapters/redis/redis.h"
#include "shared/adapters/redis/url.h"
#include "shared/base/log.h"

namespace stampede::redis {

/// The connection to one Redis server, made again whenever it breaks: resolve, connect, log in,
/// load the scripts. Commands are pipelined; one that is not answered in time breaks the
/// connection, because the server is stuck or gone and what follows would wait as long. Lives on
/// its loop's thread; the loop outlives it and is stopped when it is destroyed.
class Connection final : private Link::Owner {
 public:
  /// Runs once, inside `send` when the connection is down. Errors: kUnavailable (what was sent may
  /// have been done), kCancelled, kInternal (the server did not understand us).
  using Done = std::function<void(const Result<Answer>&)>;

  struct Events {
    std::function<void()> up;
    std::function<void(const std::string& reason)> down;  ///< also after each failed attempt
  };

  Connection(Loop& loop, const Options& options, Server server, Events events, Metrics& metrics);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  void send(Command command, Done done);
  /// Breaks the connection: the server answers, but it is of no use to us.
  void drop(const std::string& reason);
  /// The server is of use: the next failure is a new one, tried again at once.
  void settle() { backoff_ = options_.backoff_min; }
  /// For ever: answers what is pending with kCancelled, while those who asked still exist.
  void shut_down();

  [[nodiscard]] bool is_up() const { return stage_ == Stage::kUp; }
  /// Why it is not up.
  [[nodiscard]] const std::string& reason() const { return reason_; }
  [[nodiscard]] std::size_t pending_bytes() const { return pending_bytes_; }

 private:
  enum class Stage { kWaiting, kResolving, kConnecting, kLoggingIn, kUp };
  struct Pending {
    Command command;
    Done done;
    std::size_t bytes;
    Clock::Instant sent;
  };

  void link_connected() override;
  void link_answered(const redisReply& reply) override;
  void link_closed(const std::string& reason) override;

  void attempt();
  void on_resolved(boost::system::error_code ec,
                   const boost::asio::ip::tcp::resolver::results_type& found);
  void connect_to(const std::string& address);
  void log_in();
  void load_scripts();
  void come_up();
  void fail(const std::string& reason);
  void retry_later();
  void transmit(Pending pending);
  void answer(const Pending& pending, const Result<Answer>& result);
  [[nodiscard]] Error error_of(const Pending& pending, Answer reply);
  void watch_deadline();
  void confirm_silence();
  /// When the silence is too long. Answers to earlier commands count: Redis takes one at a time.
  [[nodiscard]] Clock::Instant overdue_at() const;
  [[nodiscard]] std::string server_name() const;

  Loop& loop_;
  const Options options_;
  const Server server_;
  const Events events_;

  const Gauge connected_;
  const Counter reconnects_;
  const Counter timeouts_;
  struct Measures {
    Counter calls;
    Histogram seconds;
  };
  std::vector<Measures> script_measures_;  ///< by Script
  const Counter other_calls_;

  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer attempt_timer_;   ///< bounds an attempt, then the pause before the next
  boost::asio::steady_timer deadline_timer_;  ///< of the next answer
  std::shared_ptr<Link> link_;
  Stage stage_ = Stage::kWaiting;
  std::string reason_ = "not connected yet";
  bool was_up_ = false;
  std::size_t attempts_ = 0;  ///< since it was up; also picks one of several addresses
  Milliseconds backoff_;
  std::minstd_rand random_{std::random_device{}()};
  LogLimiter failure_log_{Seconds(10)};
  LogLimiter refusal_log_{Seconds(10)};

  std::deque<Pending> pending_;  ///< sent, oldest first
  std::size_t pending_bytes_ = 0;
  Clock::Instant last_answer_{};
  bool deadline_watched_ = false;
  std::array<std::string, kScripts.size()> digests_;
};

}  // namespace stampede::redis
