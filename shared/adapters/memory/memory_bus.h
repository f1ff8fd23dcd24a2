#pragma once

#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
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

  std::mutex mutex_;
  std::unordered_map<RoomName, std::unordered_set<MemoryBus*>> bound_;  ///< guarded by mutex_
};

/// One gateway's end of a MemoryBroker. A gateway's own messages do not come back. Destroying it
/// unbinds it; what was posted to the executor by then still runs there.
class MemoryBus final : public MessageBus {
 public:
  explicit MemoryBus(MemoryBroker& broker) : broker_(broker) {}
  ~MemoryBus() override;
  MemoryBus(const MemoryBus&) = delete;
  MemoryBus& operator=(const MemoryBus&) = delete;

  void start(Executor& on, Handler handler) override;
  void bind(std::vector<RoomName> rooms, Reply<Result<void>> bound) override;
  void unbind(std::vector<RoomName> rooms) override;
  void publish(std::vector<MessageRef> batch) override;

 private:
  void unbind_locked(const RoomName& room);

  MemoryBroker& broker_;
  // Guarded by the broker's mutex.
  Executor* on_ = nullptr;
  Handler handler_;
  std::unordered_set<RoomName> rooms_;
};

}  // namespace stampede::memory
