#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "shared/ports/message_bus.h"

namespace stampede::test {

/// A bus that a test plays by hand: it decides when a bind is answered and what arrives. One
/// thread.
class FakeBus final : public MessageBus {
 public:
  struct Bind {
    std::vector<BindingKey> keys;
    Reply<Result<void>> bound;
  };

  void start(Executor& on, Handler handler) override {
    on_ = &on;
    handler_ = std::move(handler);
  }
  void bind(std::vector<BindingKey> keys, Reply<Result<void>> bound) override {
    if (bind_at_once) {
      bound(Result<void>());
      bound_keys.insert(bound_keys.end(), keys.begin(), keys.end());
      return;
    }
    binds.push_back({std::move(keys), std::move(bound)});
  }
  void unbind(std::vector<BindingKey> keys) override {
    unbound_keys.insert(unbound_keys.end(), keys.begin(), keys.end());
  }
  void publish(std::vector<MessageRef> batch) override {
    published.insert(published.end(), batch.begin(), batch.end());
  }
  void send(GatewayId to, std::vector<MessageRef> batch) override {
    for (MessageRef& message : batch) sent.emplace_back(to, std::move(message));
  }

  /// What another gateway published, or sent here.
  void arrive(std::vector<MessageRef> batch) {
    on_->post([this, batch = std::move(batch)] { handler_(batch); });
  }

  bool bind_at_once = true;
  std::vector<Bind> binds;
  std::vector<BindingKey> bound_keys;
  std::vector<BindingKey> unbound_keys;
  std::vector<MessageRef> published;
  std::vector<std::pair<GatewayId, MessageRef>> sent;  ///< an empty receiver is all of them

 private:
  Executor* on_ = nullptr;
  Handler handler_;
};

}  // namespace stampede::test
