// Fan-out without a broker: a batch is split by receiver and posted while the broker's mutex is
// held, which is what keeps the order of one publisher.
#include "shared/adapters/memory/memory_bus.h"

#include <utility>

namespace stampede::memory {

MemoryBus::~MemoryBus() {
  const std::lock_guard lock(broker_.mutex_);
  while (!rooms_.empty()) unbind_locked(RoomName(*rooms_.begin()));
}

void MemoryBus::start(Executor& on, Handler handler) {
  const std::lock_guard lock(broker_.mutex_);
  on_ = &on;
  handler_ = std::move(handler);
}

void MemoryBus::bind(std::vector<RoomName> rooms, Reply<Result<void>> bound) {
  {
    const std::lock_guard lock(broker_.mutex_);
    for (RoomName& room : rooms) {
      broker_.bound_[room].insert(this);
      rooms_.insert(std::move(room));
    }
  }
  bound(Result<void>());
}

void MemoryBus::unbind(std::vector<RoomName> rooms) {
  const std::lock_guard lock(broker_.mutex_);
  for (const RoomName& room : rooms) unbind_locked(room);
}

void MemoryBus::unbind_locked(const RoomName& room) {
  rooms_.erase(room);
  const auto found = broker_.bound_.find(room);
  if (found == broker_.bound_.end()) return;
  found->second.erase(this);
  if (found->second.empty()) broker_.bound_.erase(found);
}

void MemoryBus::publish(std::vector<MessageRef> batch) {
  const std::lock_guard lock(broker_.mutex_);
  std::unordered_map<MemoryBus*, std::vector<MessageRef>> by_receiver;
  for (const MessageRef& message : batch) {
    const auto found = broker_.bound_.find(message->room);
    if (found == broker_.bound_.end()) continue;
    for (MemoryBus* receiver : found->second) {
      if (receiver != this) by_receiver[receiver].push_back(message);
    }
  }
  for (auto& [receiver, messages] : by_receiver) {
    receiver->on_->post([handler = receiver->handler_, messages = std::move(messages)]() mutable {
      handler(std::move(messages));
    });
  }
}

}  // namespace stampede::memory
