// Two connections, because a broker that blocks a publisher stops reading from its connection, acks
// and binds included. Options::publish_before_acks accepts that for acks: they have to wait.
#include "shared/adapters/rabbitmq/adapter.h"

namespace stampede::rabbitmq {
namespace {

/// How late a time-out may be.
constexpr Milliseconds kTick{100};

constexpr ChannelId kFirstChannel = Link::kTopologyChannel + 1;
constexpr ChannelId kSecondChannel = kFirstChannel + 1;

Link::Settings link_settings(const Options& options, const Endpoint& endpoint, std::string label) {
  Link::Settings out;
  out.connection.endpoint = endpoint;
  out.connection.name = options.self.str() + " " + label;
  out.connection.connect_timeout = options.connect_timeout;
  out.connection.heartbeat = std::chrono::duration_cast<Seconds>(options.heartbeat);
  out.label = std::move(label);
  out.backoff_min = options.backoff_min;
  out.backoff_max = options.backoff_max;
  return out;
}

}  // namespace

Adapter::Adapter(Loop& loop, const Options& options, const Endpoint& endpoint, Metrics& metrics,
                 Health& health)
    : loop_(loop),
      health_(health),
      topology_(options.prefix),
      meters_(metrics),
      publish_link_(loop.context(), link_settings(options, endpoint, "publish"), topology_, metrics,
                    [this] { report_health(); }),
      consume_link_(loop.context(), link_settings(options, endpoint, "consume"), topology_, metrics,
                    [this] { report_health(); }),
      storage_(
          {options.self.str(), options.confirm_window, options.append_bytes, options.outage_bound},
          publish_link_, kFirstChannel, topology_, meters_),
      rooms_({options.self.str(), options.bus_unsent_bytes}, publish_link_, kSecondChannel,
             topology_, meters_),
      bus_queue_({options.self.str(), options.bus_queue_bytes, options.bus_message_ttl,
                  options.bus_unhandled_bytes, options.bind_timeout},
                 consume_link_, kFirstChannel, topology_, meters_),
      consumer_(options.self.str(), consume_link_, kSecondChannel, topology_, storage_, meters_),
      tick_(loop.context()) {
  health_.set("rabbitmq", false, "not connected yet");
}

Adapter::~Adapter() {
  run_calls();
  storage_.cancel();
  bus_queue_.cancel();
  consumer_.cancel();
}

void Adapter::start() {
  call([](Adapter& self) {
    self.publish_link_.attach(kFirstChannel, self.storage_);
    self.publish_link_.attach(kSecondChannel, self.rooms_);
    self.tick_later();
  });
}

void Adapter::call(Call call) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = calls_.empty();
    calls_.push_back(std::move(call));
  }
  if (!first) return;
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->run_calls();
  });
}

void Adapter::run_calls() {
  std::vector<Call> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.swap(calls_);
  }
  for (const Call& call : calls) call(*this);
}

void Adapter::tick_later() {
  tick_.expires_after(kTick);
  tick_.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self) return;
    const auto now = std::chrono::steady_clock::now();
    self->storage_.tick(now);
    self->bus_queue_.tick(now);
    self->tick_later();
  });
}

void Adapter::report_health() {
  std::string reason;
  for (const Link* link : {&publish_link_, &consume_link_}) {
    if (link->opened() && !link->ready() && reason.empty()) reason = link->reason();
  }
  const bool healthy = reason.empty();
  if (healthy == healthy_ && reason == unhealthy_reason_) return;
  healthy_ = healthy;
  unhealthy_reason_ = reason;
  health_.set("rabbitmq", healthy, std::move(reason));
}

}  // namespace stampede::rabbitmq
