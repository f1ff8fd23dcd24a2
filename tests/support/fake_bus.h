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
    std::vector<RoomName> rooms;
    Reply<Result<void>> bound;
  };

  void start(Executor& on, Handler handler) override {
    on_ = &on;
    handler_ = std::move(handler);
  }
  void bind(std::vector<RoomName> rooms, Reply<Result<void>> bound) override {
    if (bind_at_once) {
      bound(Result<void>());
      bound_rooms.insert(bound_rooms.end(), rooms.begin(), rooms.end());
      return;
    }
    binds.push_back({std::move(rooms), std::move(bound)});
  }
  void unbind(std::vector<RoomName> rooms) override {
    unbound_rooms.insert(unbound_rooms.end(), rooms.begin(), rooms.end());
  }
  void publish(std::vector<MessageRef> batch) override {
    published.insert(published.end(), batch.begin(), batch.end());
  }

  /// What another gateway published.
  void arrive(std::vector<MessageRef> batch) {
    on_->post([this, batch = std::move(batch)] { handler_(batch); });
  }

  bool bind_at_once = true;
  std::vector<Bind> binds;
  std::vector<RoomName> bound_rooms;
  std::vector<RoomName> unbound_rooms;
  std::vector<MessageRef> published;

 private:
  Executor* on_ = nullptr;
  Handler handler_;
};

}  // namespace stampede::test
