#pragma once

#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "shared/ports/message_bus.h"

namespace stampede::memory {

class MemoryBus;

/// What connects the buses of one process. Any thread; outlives its buses.
class MemoryBroker {
 public:
  MemoryBroker() = default;
  MemoryBroker(const MemoryBroker&) = delete;
  MemoryBroker& operator=(const MemoryBroker&) = delete;

 private:
  friend class MemoryBus;

  /// Each bus that has the room or its partition bound, once, but `except`. With mutex_ held.
  [[nodiscard]] std::vector<MemoryBus*> receivers_of(const RoomName& room,
                                                     const MemoryBus* except) const;

  std::mutex mutex_;
  // Guarded by mutex_.
  std::unordered_map<BindingKey, std::unordered_set<MemoryBus*>> bound_;
  std::unordered_set<MemoryBus*> started_;
};

/// The end of `self` of a MemoryBroker. A gateway's own messages do not come back. Destroying it
/// unbinds it; what was posted to the executor by then still runs there.
class MemoryBus final : public MessageBus {
 public:
  MemoryBus(MemoryBroker& broker, GatewayId self) : broker_(broker), self_(std::move(self)) {}
  ~MemoryBus() override;
  MemoryBus(const MemoryBus&) = delete;
  MemoryBus& operator=(const MemoryBus&) = delete;

  void start(Executor& on, Handler handler) override;
  void bind(std::vector<BindingKey> keys, Reply<Result<void>> bound) override;
  void unbind(std::vector<BindingKey> keys) override;
  void publish(std::vector<MessageRef> batch) override;
  void send(GatewayId to, std::vector<MessageRef> batch) override;

 private:
  /// With the broker's mutex held.
  void take(std::vector<MessageRef> messages) const;
  void unbind_locked(const BindingKey& key);

  MemoryBroker& broker_;
  const GatewayId self_;
  // Guarded by the broker's mutex.
  Executor* on_ = nullptr;
  Handler handler_;
  std::unordered_set<BindingKey> keys_;
};

}  // namespace stampede::memory
