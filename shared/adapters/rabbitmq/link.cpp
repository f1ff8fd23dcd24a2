// What a process needs of the broker is more than a socket: a link counts as up only when the
// topology is there and every user of it has back what it had.
#include "shared/adapters/rabbitmq/link.h"

#include <algorithm>

namespace stampede::rabbitmq {
namespace {

Gauge gauge_of(Metrics& metrics, const char* name, const char* help, const std::string& label) {
  return metrics.gauge(name, help, {{"connection", label}});
}

}  // namespace

Link::Link(boost::asio::io_context& context, Settings settings, const Topology& topology,
           Metrics& metrics, std::function<void()> changed)
    : context_(context),
      settings_(std::move(settings)),
      topology_(topology),
      changed_(std::move(changed)),
      connected_(gauge_of(metrics, "stampede_rabbitmq_connected",
                          "1 when the connection is usable.", settings_.label)),
      blocked_gauge_(gauge_of(metrics, "stampede_rabbitmq_blocked",
                              "1 while the broker takes no publishes on the connection.",
                              settings_.label)),
      reconnects_(metrics.counter("stampede_rabbitmq_reconnects_total",
                                  "Connections that were lost, and attempts that failed.",
                                  {{"connection", settings_.label}})),
      retry_(context),
      random_(std::random_device{}()) {}

Link::~Link() {
  if (connection_) connection_->abandon();
}

void Link::attach(ChannelId channel, ChannelUser& user) {
  users_.at(channel) = &user;
  if (up_) user.on_up(*connection_);
  open();
  user_changed();
}

void Link::open() {
  if (std::exchange(opened_, true)) return;
  connect();
}

void Link::connect() {
  connection_ = std::make_shared<Connection>(context_, settings_.connection, *this);
  connection_->start();
}

void Link::fail(const Error& error) {
  if (connection_) connection_->fail(error);
}

bool Link::ready() const {
  return up_ && !blocked_ && std::all_of(users_.begin(), users_.end(), [](const ChannelUser* user) {
           return user == nullptr || user->ready();
         });
}

std::string Link::reason() const {
  if (blocked_) return settings_.label + ": " + reason_;
  return settings_.label + ": " + (up_ ? std::string("restoring bindings or consumers") : reason_);
}

void Link::user_changed() {
  const bool is_ready = ready();
  if (is_ready && !was_ready_) {
    ready_since_ = std::chrono::steady_clock::now();
    log_info("rabbitmq ready", {{"connection", settings_.label},
                                {"address", settings_.connection.endpoint.address()}});
  }
  was_ready_ = is_ready;
  connected_.set(is_ready || (up_ && blocked_) ? 1 : 0);
  changed_();
}

template <class F>
void Link::each_user(F f) {
  const auto held = connection_;
  for (ChannelUser* user : users_) {
    if (user != nullptr && held == connection_) f(*user);
  }
}

void Link::on_open() {
  std::string& out = connection_->out();
  append_method(out, kTopologyChannel, AMQP_CHANNEL_OPEN_METHOD,
                amqp_channel_open_t{amqp_empty_bytes});
  topology_answers_ = 1 + topology_.declare(out, kTopologyChannel);
  connection_->flush();
  reason_ = "declaring exchanges and queues";
}

void Link::on_method(ChannelId channel, const Method& method) {
  if (channel != kTopologyChannel) {
    if (users_[channel] != nullptr) users_[channel]->on_method(method);
    return;
  }
  if (topology_answers_ > 0 && --topology_answers_ == 0) topology_declared();
}

void Link::topology_declared() {
  up_ = true;
  each_user([this](ChannelUser& user) { user.on_up(*connection_); });
  user_changed();
}

void Link::on_content(ChannelId channel, const Content& content) {
  if (users_[channel] != nullptr) users_[channel]->on_content(content);
}

void Link::on_read_end() {
  each_user([](ChannelUser& user) { user.on_read_end(); });
}

void Link::on_written() {
  each_user([](ChannelUser& user) { user.on_writable(); });
}

void Link::on_blocked(bool blocked, std::string_view reason) {
  blocked_ = blocked;
  blocked_gauge_.set(blocked ? 1 : 0);
  reason_ = "the broker takes no messages: " + std::string(reason);
  if (blocked) {
    log_warn("rabbitmq blocks publishing", {{"connection", settings_.label}, {"reason", reason}});
  } else {
    log_info("rabbitmq takes messages again", {{"connection", settings_.label}});
    each_user([](ChannelUser& user) { user.on_writable(); });
  }
  user_changed();
}

void Link::on_closed(const Error& error) {
  connection_.reset();
  topology_answers_ = 0;
  blocked_ = false;
  blocked_gauge_.set(0);
  reason_ = error.detail;
  if (std::exchange(up_, false)) {
    for (ChannelUser* user : users_) {
      if (user != nullptr) user->on_down();
    }
  }
  reconnects_.add();
  retry_later(error);
  user_changed();
}

void Link::retry_later(const Error& error) {
  const auto now = std::chrono::steady_clock::now();
  if (was_ready_ && now - ready_since_ > settings_.backoff_max) failures_ = 0;
  const Milliseconds pause = next_pause();
  if (const auto held_back = log_limiter_.admit(now); held_back >= 0) {
    log_warn(was_ready_ ? "rabbitmq connection lost" : "rabbitmq not usable",
             {{"connection", settings_.label},
              {"address", settings_.connection.endpoint.address()},
              {"reason", error.detail},
              {"retry_ms", pause.count()},
              {"held_back", held_back}});
  }
  retry_.expires_after(pause);
  retry_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code& ec) {
    if (!ec && !alive.expired()) connect();
  });
}

Milliseconds Link::next_pause() {
  const unsigned doublings = std::min(failures_++, 16U);
  const auto whole = std::min(settings_.backoff_max, settings_.backoff_min * (1 << doublings));
  // Half of it by chance, so that gateways that lost the same broker do not come back in step.
  std::uniform_int_distribution<Milliseconds::rep> part(whole.count() / 2, whole.count());
  return Milliseconds(part(random_));
}

}  // namespace stampede::rabbitmq
