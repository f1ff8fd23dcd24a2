// At most once by design: no acks, bounds instead of backpressure towards the publishers, and a new
// queue rather than a re-used name, which would race with the broker's cleanup of the old one.
#include "shared/adapters/rabbitmq/bus_queue.h"

#include "shared/model/partition.h"
#include "shared/model/wire.h"

namespace stampede::rabbitmq {

BusQueue::BusQueue(Settings settings, Link& link, ChannelId channel, const Topology& topology,
                   Meters& meters)
    : settings_(std::move(settings)),
      link_(link),
      channel_(channel),
      topology_(topology),
      meters_(meters) {}

void BusQueue::start(Executor& on, MessageBus::Handler handler) {
  on_ = &on;
  handler_ = std::make_shared<const MessageBus::Handler>(std::move(handler));
  link_.attach(channel_, *this);
}

void BusQueue::bind(std::vector<BindingKey> keys, Bindings::Bound bound) {
  send_binds(
      bindings_.request(std::move(keys), std::move(bound), std::chrono::steady_clock::now()));
}

void BusQueue::unbind(const std::vector<BindingKey>& keys) { send_unbinds(bindings_.remove(keys)); }

void BusQueue::tick(Clock::Instant now) {
  send_unbinds(bindings_.expire(now - settings_.bind_timeout,
                                "the broker did not make the binding within " +
                                    std::to_string(settings_.bind_timeout.count()) + " ms"));
  if (paused_ && *backlog_ <= settings_.max_unhandled_bytes / 2) {
    paused_ = false;
    if (connection_ != nullptr) connection_->pause_reading(false);
  }
}

void BusQueue::cancel() {
  bindings_.cancel_all({Errc::kCancelled, "the connection to the broker is being closed"});
}

void BusQueue::on_up(Connection& connection) {
  connection_ = &connection;
  append_method(connection.out(), channel_, AMQP_CHANNEL_OPEN_METHOD,
                amqp_channel_open_t{amqp_empty_bytes});
  declare_queue();
  connection.flush();
}

void BusQueue::declare_queue() {
  Table arguments;
  arguments.number("x-max-length-bytes", static_cast<std::int64_t>(settings_.queue_bytes))
      .text("x-overflow", "drop-head")
      .number("x-message-ttl", settings_.message_ttl.count());
  amqp_queue_declare_t method{};
  method.exclusive = 1;
  method.auto_delete = 1;
  method.arguments = arguments.view();
  append_method(connection_->out(), channel_, AMQP_QUEUE_DECLARE_METHOD, method);
}

void BusQueue::on_down() {
  connection_ = nullptr;
  queue_.clear();
  consuming_ = false;
  paused_ = false;
  on_read_end();  // what came before the end still counts
  bindings_.queue_down();
  meters_.bindings.set(0);
}

void BusQueue::on_method(const Method& method) {
  switch (method.id) {
    case AMQP_QUEUE_DECLARE_OK_METHOD:
      return on_queue_declared(
          from_amqp(static_cast<const amqp_queue_declare_ok_t*>(method.decoded)->queue));
    case AMQP_BASIC_CONSUME_OK_METHOD: return on_consuming();
    case AMQP_QUEUE_BIND_OK_METHOD: return barrier_passed();
    case AMQP_BASIC_CANCEL_METHOD:
      return link_.fail({Errc::kUnavailable, "the broker took this gateway's queue away"});
    default: return;
  }
}

void BusQueue::on_queue_declared(std::string_view name) {
  queue_ = name;
  const auto wanted = bindings_.queue_up();
  restoring_ = wanted.size();
  restoring_since_ = std::chrono::steady_clock::now();
  send_bind(routing_key(GatewayId(settings_.self)), false);
  send_bind(all_gateways_key(), false);
  for (const BindingKey& key : wanted) send_bind(topic_pattern(key), false);
  amqp_basic_consume_t method{};
  method.queue = to_amqp(queue_);
  method.no_ack = 1;
  method.exclusive = 1;
  append_method(connection_->out(), channel_, AMQP_BASIC_CONSUME_METHOD, method);
  connection_->flush();
}

void BusQueue::on_consuming() {
  consuming_ = true;
  barrier_passed();
  if (restoring_ > 0) {
    const auto took = std::chrono::steady_clock::now() - restoring_since_;
    log_info("bindings are there again",
             {{"bindings", restoring_},
              {"took_ms", std::chrono::duration_cast<Milliseconds>(took).count()}});
  }
  link_.user_changed();
}

void BusQueue::barrier_passed() {
  bindings_.barrier_passed();
  meters_.bindings.set(static_cast<double>(bindings_.size()));
}

void BusQueue::send_bind(const std::string& pattern, bool barrier) {
  amqp_queue_bind_t method{};
  method.queue = to_amqp(queue_);
  method.exchange = to_amqp(topology_.rooms_exchange());
  method.routing_key = to_amqp(pattern);
  method.nowait = barrier ? 0 : 1;
  append_method(connection_->out(), channel_, AMQP_QUEUE_BIND_METHOD, method);
}

void BusQueue::send_binds(const std::vector<BindingKey>& keys) {
  if (keys.empty()) return;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    send_bind(topic_pattern(keys[i]), i + 1 == keys.size());
  }
  connection_->flush();
}

void BusQueue::send_unbinds(const std::vector<BindingKey>& keys) {
  if (keys.empty()) return;
  for (const BindingKey& key : keys) {
    const std::string pattern = topic_pattern(key);
    amqp_queue_unbind_t method{};
    method.queue = to_amqp(queue_);
    method.exchange = to_amqp(topology_.rooms_exchange());
    method.routing_key = to_amqp(pattern);
    append_method(connection_->out(), channel_, AMQP_QUEUE_UNBIND_METHOD, method);
  }
  connection_->flush();
  meters_.bindings.set(static_cast<double>(bindings_.size()));
}

void BusQueue::on_content(const Content& content) {
  if (content.app_id == settings_.self) return meters_.bus_own.add();
  auto message = decode_message(content.body);
  if (!message) {
    meters_.bus_undecodable.add();
    if (log_limiter_.admit(std::chrono::steady_clock::now()) >= 0) {
      log_warn("live message cannot be decoded",
               {{"from", content.app_id}, {"reason", message.error().detail}});
    }
    return;
  }
  batch_.push_back(std::make_shared<const Message>(*std::move(message)));
  batch_bytes_ += content.body.size();
}

void BusQueue::on_read_end() {
  if (batch_.empty()) return;
  meters_.bus_received.add(static_cast<double>(batch_.size()));
  *backlog_ += batch_bytes_;
  on_->post([handler = handler_, backlog = backlog_, bytes = std::exchange(batch_bytes_, 0),
             batch = std::exchange(batch_, {})]() mutable {
    (*handler)(std::move(batch));
    *backlog -= bytes;
  });
  pause_if_behind();
}

void BusQueue::pause_if_behind() {
  if (paused_ || connection_ == nullptr || *backlog_ <= settings_.max_unhandled_bytes) return;
  paused_ = true;
  connection_->pause_reading(true);
  if (log_limiter_.admit(std::chrono::steady_clock::now()) >= 0) {
    log_warn("live messages are handled too slowly", {{"unhandled_bytes", backlog_->load()}});
  }
}

}  // namespace stampede::rabbitmq
