// The two ports are thin: they carry each call to the adapter's thread, in the order made.
#include "shared/adapters/rabbitmq/rabbitmq.h"

#include <algorithm>

#include "shared/adapters/rabbitmq/adapter.h"

namespace stampede::rabbitmq {
namespace {

/// A share in the adapter. The last one to go takes it down on its own thread.
class Handle {
 public:
  explicit Handle(std::shared_ptr<Adapter> adapter) : adapter_(std::move(adapter)) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  ~Handle() {
    Loop& loop = adapter_->loop();
    if (loop.is_current() || loop.context().stopped()) return;
    loop.post([adapter = std::move(adapter_)] {});
  }

  void call(Adapter::Call call) const { adapter_->call(std::move(call)); }

 private:
  std::shared_ptr<Adapter> adapter_;
};

class Bus final : public MessageBus {
 public:
  Bus(std::shared_ptr<Adapter> adapter, bool before_acks)
      : adapter_(std::move(adapter)), before_acks_(before_acks) {}

  void start(Executor& on, Handler handler) override {
    adapter_.call([&on, handler = std::move(handler)](Adapter& adapter) mutable {
      adapter.bus_queue().start(on, std::move(handler));
    });
  }

  void bind(std::vector<BindingKey> keys, Reply<Result<void>> bound) override {
    adapter_.call([keys = std::move(keys), bound = std::move(bound)](Adapter& adapter) mutable {
      adapter.bus_queue().bind(std::move(keys), std::move(bound));
    });
  }

  void unbind(std::vector<BindingKey> keys) override {
    adapter_.call([keys = std::move(keys)](Adapter& adapter) { adapter.bus_queue().unbind(keys); });
  }

  void publish(std::vector<MessageRef> batch) override {
    adapter_.call([batch = std::move(batch), before_acks = before_acks_](Adapter& adapter) {
      if (before_acks) return adapter.consumer().publish(batch);
      adapter.rooms().publish(batch);
    });
  }

  void send(GatewayId to, std::vector<MessageRef> batch) override {
    adapter_.call([to = std::move(to), batch = std::move(batch),
                   before_acks = before_acks_](Adapter& adapter) {
      if (before_acks) return adapter.consumer().send(to, batch);
      adapter.rooms().send(to, batch);
    });
  }

 private:
  Handle adapter_;
  bool before_acks_;
};

class Feed final : public MessageFeed {
 public:
  explicit Feed(std::shared_ptr<Adapter> adapter) : adapter_(std::move(adapter)) {}

  void append(std::vector<MessageRef> batch, Reply<std::vector<Result<void>>> confirmed) override {
    adapter_.call(
        [batch = std::move(batch), confirmed = std::move(confirmed)](Adapter& adapter) mutable {
          adapter.storage().append(batch, std::move(confirmed));
        });
  }

  void consume(std::size_t prefetch, Executor& on, Handler handler) override {
    adapter_.call([prefetch, &on, handler = std::move(handler)](Adapter& adapter) mutable {
      adapter.consumer().consume(prefetch, on, std::move(handler));
    });
  }

  void ack(std::vector<DeliveryTag> tags) override {
    adapter_.call([tags = std::move(tags)](Adapter& adapter) { adapter.consumer().ack(tags); });
  }

  void reject(std::vector<Rejection> rejections) override {
    adapter_.call([rejections = std::move(rejections)](Adapter& adapter) mutable {
      adapter.consumer().reject(std::move(rejections));
    });
  }

  void stop_consuming(Reply<Result<void>> stopped) override {
    adapter_.call([stopped = std::move(stopped)](Adapter& adapter) mutable {
      adapter.consumer().stop(std::move(stopped));
    });
  }

 private:
  Handle adapter_;
};

bool is_name(std::string_view text, std::size_t max) {
  return !text.empty() && text.size() <= max && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

Result<void> check(const Options& o) {
  const auto bad = [](const char* what) {
    return Error(Errc::kInvalidArgument, std::string("rabbitmq: ") + what);
  };
  if (!is_name(o.prefix, 100)) return bad("prefix must be 1 to 100 of [A-Za-z0-9._-]");
  if (o.self.empty() || o.self.str().size() > 200) return bad("self must be 1 to 200 bytes");
  if (o.connect_timeout.count() <= 0) return bad("connect_timeout must be above 0");
  if (o.heartbeat < Seconds(1) || o.heartbeat > Seconds(3600)) {
    return bad("heartbeat must be 1 to 3600 seconds");
  }
  if (o.backoff_min.count() <= 0 || o.backoff_min > o.backoff_max) {
    return bad("backoff_min must be above 0 and at most backoff_max");
  }
  if (o.bind_timeout.count() <= 0) return bad("bind_timeout must be above 0");
  if (o.outage_bound.count() <= 0) return bad("outage_bound must be above 0");
  if (o.confirm_window == 0) return bad("confirm_window must be above 0");
  if (o.bus_queue_bytes == 0) return bad("bus_queue_bytes must be above 0");
  if (o.bus_message_ttl.count() <= 0) return bad("bus_message_ttl must be above 0");
  return {};
}

}  // namespace

Result<Ports> make_ports(Loop& loop, const Options& options, Metrics& metrics, Health& health) {
  if (auto ok = check(options); !ok) return ok.error();
  const auto endpoint = parse_url(options.url);
  if (!endpoint) return endpoint.error();
  const auto adapter = std::make_shared<Adapter>(loop, options, *endpoint, metrics, health);
  adapter->start();
  return Ports{std::make_unique<Bus>(adapter, options.publish_before_acks),
               std::make_unique<Feed>(adapter)};
}

}  // namespace stampede::rabbitmq
