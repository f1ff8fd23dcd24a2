// hiredis neither resolves without blocking nor times out nor reconnects; all of that is here.
#include "shared/adapters/redis/connection.h"

#include <algorithm>
#include <utility>

#include <boost/asio/ip/address.hpp>

namespace stampede::redis {

using boost::asio::ip::tcp;

Connection::Connection(Loop& loop, const Options& options, Server server, Events events,
                       Metrics& metrics)
    : loop_(loop),
      options_(options),
      server_(std::move(server)),
      events_(std::move(events)),
      connected_(metrics.gauge("stampede_redis_connected", "1 while Redis is connected.")),
      reconnects_(metrics.counter("stampede_redis_reconnects_total",
                                  "Connections to Redis made after the first.")),
      timeouts_(
          metrics.counter("stampede_redis_timeouts_total",
                          "Times that Redis did not answer or could not be reached in time.")),
      other_calls_(metrics.counter("stampede_redis_commands_total", "Commands sent to Redis.",
                                   {{"command", "plain"}})),
      resolver_(loop.context()),
      attempt_timer_(loop.context()),
      deadline_timer_(loop.context()),
      backoff_(options.backoff_min) {
  for (const Script script : kScripts) {
    const std::string name(name_of(script));
    script_measures_.push_back(
        {metrics.counter("stampede_redis_commands_total", "Commands sent to Redis.",
                         {{"command", name}}),
         metrics.histogram("stampede_redis_script_seconds",
                           "From sending a script call to its answer, in the pipeline.",
                           latency_bounds(), {{"script", name}})});
  }
}

void Connection::shut_down() {
  stage_ = Stage::kWaiting;
  if (link_) link_->close();
  for (Pending& pending : std::exchange(pending_, {})) {
    pending.done(Error(Errc::kCancelled, "the room directory is shutting down"));
  }
}

void Connection::start() { attempt(); }

std::string Connection::server_name() const {
  return server_.host + ":" + std::to_string(server_.port);
}

void Connection::attempt() {
  stage_ = Stage::kResolving;
  attempt_timer_.expires_after(options_.timeout);
  attempt_timer_.async_wait([this](boost::system::error_code ec) {
    if (ec || stage_ == Stage::kUp || stage_ == Stage::kWaiting) return;
    timeouts_.add();
    fail(server_name() +
         (stage_ == Stage::kResolving ? " was not resolved within " : " did not answer within ") +
         std::to_string(options_.timeout.count()) + " ms");
  });
  boost::system::error_code not_numeric;
  boost::asio::ip::make_address(server_.host, not_numeric);
  if (!not_numeric) {
    connect_to(server_.host);
    return;
  }
  resolver_.async_resolve(server_.host, std::to_string(server_.port),
                          [this, number = attempts_](boost::system::error_code ec,
                                                     const tcp::resolver::results_type& found) {
                            if (stage_ != Stage::kResolving || number != attempts_) return;
                            on_resolved(ec, found);
                          });
}

void Connection::on_resolved(boost::system::error_code ec,
                             const tcp::resolver::results_type& found) {
  if (ec || found.empty()) {
    fail("host '" + server_.host + "' does not resolve: " + (ec ? ec.message() : "no address"));
    return;
  }
  // The next address at each attempt: one of several may be dead.
  const auto chosen =
      std::next(found.begin(), static_cast<std::ptrdiff_t>(attempts_ % found.size()));
  connect_to(chosen->endpoint().address().to_string());
}

void Connection::connect_to(const std::string& address) {
  stage_ = Stage::kConnecting;
  std::string problem;
  link_ = Link::open(loop_.context(), address, server_.port, *this, problem);
  if (link_ == nullptr) fail(server_name() + ": " + problem);
}

void Connection::link_connected() { log_in(); }

void Connection::link_closed(const std::string& reason) { fail(server_name() + ": " + reason); }

void Connection::log_in() {
  stage_ = Stage::kLoggingIn;
  const auto must = [this](const char* what) {
    return [this, what](const Result<Answer>& answer) {
      if (!answer) drop(std::string(what) + answer.error().detail);
    };
  };
  const auto queue = [this](std::vector<std::string> arguments, Done done) {
    transmit({Command(std::move(arguments)), std::move(done), 0, {}});
  };
  if (!server_.password.empty()) {
    std::vector<std::string> arguments{"AUTH"};
    if (!server_.user.empty()) arguments.push_back(server_.user);
    arguments.push_back(server_.password);
    queue(std::move(arguments), must("the credentials are refused: "));
  }
  if (server_.database != 0) {
    queue({"SELECT", std::to_string(server_.database)}, must("the database is refused: "));
  }
  // Only a name in Redis' client list; not worth a connection.
  queue({"CLIENT", "SETNAME", "stampede"}, [](const Result<Answer>&) {});
  load_scripts();
}

void Connection::load_scripts() {
  for (const Script script : kScripts) {
    transmit({Command({"SCRIPT", "LOAD", std::string(source_of(script))}),
              [this, script](const Result<Answer>& answer) {
                if (stage_ != Stage::kLoggingIn) return;
                if (!answer) {
                  drop("a script is refused: " + answer.error().detail);
                  return;
                }
                digests_[static_cast<std::size_t>(script)] = answer->text();
                if (script == kScripts.back()) come_up();
              },
              0,
              {}});
  }
}

void Connection::come_up() {
  stage_ = Stage::kUp;
  reason_.clear();
  attempts_ = 0;
  attempt_timer_.cancel();
  connected_.set(1);
  if (std::exchange(was_up_, true)) reconnects_.add();
  log_info("redis connected", {{"server", server_name()}});
  events_.up();
}

void Connection::drop(const std::string& reason) { fail(server_name() + ": " + reason); }

void Connection::fail(const std::string& reason) {
  if (stage_ == Stage::kWaiting) return;
  const bool was_up = stage_ == Stage::kUp;
  stage_ = Stage::kWaiting;
  reason_ = reason;
  if (link_) std::exchange(link_, nullptr)->close();
  resolver_.cancel();
  connected_.set(0);
  pending_bytes_ = 0;
  const auto held_back = was_up ? 0 : failure_log_.admit(system_clock().now());
  if (was_up) {
    log_warn("redis connection lost", {{"reason", reason}, {"unanswered", pending_.size()}});
  } else if (held_back >= 0) {
    log_warn("redis cannot be reached", {{"reason", reason}, {"held_back", held_back}});
  }
  retry_later();
  events_.down(reason);
  const Error error(Errc::kUnavailable, "Redis is away: " + reason);
  for (Pending& pending : std::exchange(pending_, {})) pending.done(error);
}

void Connection::retry_later() {
  ++attempts_;
  // Half of it is chance, so that gateways that lost one server do not come back as one.
  std::uniform_int_distribution<Milliseconds::rep> jitter(backoff_.count() / 2, backoff_.count());
  attempt_timer_.expires_after(Milliseconds(jitter(random_)));
  backoff_ = std::min(backoff_ * 2, options_.backoff_max);
  attempt_timer_.async_wait([this](boost::system::error_code ec) {
    if (!ec && stage_ == Stage::kWaiting) attempt();
  });
}

void Connection::send(Command command, Done done) {
  if (stage_ != Stage::kUp) {
    done(Error(Errc::kUnavailable, "Redis is away: " + reason_));
    return;
  }
  if (const auto script = command.script()) {
    script_measures_[static_cast<std::size_t>(*script)].calls.add();
    command.call_by_digest(digests_[static_cast<std::size_t>(*script)]);
  } else {
    other_calls_.add();
  }
  const std::size_t bytes = command.bytes();
  pending_bytes_ += bytes;
  transmit({std::move(command), std::move(done), bytes, {}});
}

void Connection::transmit(Pending pending) {
  pending.sent = system_clock().now();
  link_->send(pending.command.arguments());
  pending_.push_back(std::move(pending));
  watch_deadline();
}

void Connection::link_answered(const redisReply& raw) {
  const Answer reply(&raw);
  last_answer_ = system_clock().now();
  Pending pending = std::move(pending_.front());
  pending_.pop_front();
  // A script that was flushed meanwhile is sent whole, which also loads it again.
  if (reply.is_error() && pending.command.script() && reply.text().starts_with("NOSCRIPT")) {
    pending.command.call_by_source();
    transmit(std::move(pending));
    return;
  }
  pending_bytes_ -= pending.bytes;
  if (const auto script = pending.command.script()) {
    const std::chrono::duration<double> took = system_clock().now() - pending.sent;
    script_measures_[static_cast<std::size_t>(*script)].seconds.observe(took.count());
  }
  if (reply.is_error()) {
    pending.done(error_of(pending, reply));
  } else {
    pending.done(reply);
  }
}

Error Connection::error_of(const Pending& pending, Answer reply) {
  const std::string text(reply.text());
  const auto held_back = refusal_log_.admit(system_clock().now());
  if (held_back >= 0) {
    log_error("redis refused a command",
              {{"command", pending.command.name()}, {"answer", text}, {"held_back", held_back}});
  }
  // A server that has become a replica, or is one by now, will refuse everything else as well.
  if (stage_ == Stage::kUp && (text.starts_with("READONLY") || text.starts_with("MASTERDOWN") ||
                               text.starts_with("LOADING"))) {
    loop_.post([this, text] {
      if (stage_ == Stage::kUp) drop(text);
    });
  }
  static constexpr std::string_view kPassing[] = {"READONLY", "MASTERDOWN", "LOADING",
                                                  "OOM",      "BUSY",       "MISCONF",
                                                  "NOAUTH",   "NOREPLICAS", "WRONGPASS"};
  const bool passing = std::any_of(std::begin(kPassing), std::end(kPassing),
                                   [&](std::string_view code) { return text.starts_with(code); });
  return {passing ? Errc::kUnavailable : Errc::kInternal,
          "Redis refused " + std::string(pending.command.name()) + ": " + text};
}

Clock::Instant Connection::overdue_at() const {
  return std::max(pending_.front().sent, last_answer_) + options_.timeout;
}

void Connection::watch_deadline() {
  if (deadline_watched_ || pending_.empty()) return;
  deadline_watched_ = true;
  deadline_timer_.expires_at(overdue_at());
  deadline_timer_.async_wait([this](boost::system::error_code) {
    if (!pending_.empty() && overdue_at() <= system_clock().now()) {
      confirm_silence();
      return;
    }
    deadline_watched_ = false;
    watch_deadline();
  });
}

/// The loop may have been busy itself, with answers unread or commands unwritten. By the time the
/// timer comes back it has been through its sockets.
void Connection::confirm_silence() {
  deadline_timer_.expires_after(options_.timeout / 4);
  deadline_timer_.async_wait([this](boost::system::error_code) {
    deadline_watched_ = false;
    if (pending_.empty() || overdue_at() > system_clock().now()) {
      watch_deadline();
      return;
    }
    timeouts_.add();
    fail(server_name() + " did not answer within " + std::to_string(options_.timeout.count()) +
         " ms");
  });
}

}  // namespace stampede::redis
