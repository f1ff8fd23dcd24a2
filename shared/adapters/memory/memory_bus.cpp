// Fan-out without a broker: a batch is split by receiver and posted while the broker's mutex is
// held, which is what keeps the order of one publisher.
#include "shared/adapters/memory/memory_bus.h"

#include <algorithm>
#include <utility>

namespace stampede::memory {

std::vector<MemoryBus*> MemoryBroker::receivers_of(const RoomName& room,
                                                   const MemoryBus* except) const {
  std::vector<MemoryBus*> out;
  const std::uint32_t partition = partition_of(room);
  for (const BindingKey& key : {BindingKey{partition, room}, BindingKey{partition, {}}}) {
    const auto found = bound_.find(key);
    if (found == bound_.end()) continue;
    for (MemoryBus* const bus : found->second) {
      if (bus != except && std::find(out.begin(), out.end(), bus) == out.end()) out.push_back(bus);
    }
  }
  return out;
}

MemoryBus::~MemoryBus() {
  const std::lock_guard lock(broker_.mutex_);
  broker_.started_.erase(this);
  while (!keys_.empty()) unbind_locked(BindingKey(*keys_.begin()));
}

void MemoryBus::start(Executor& on, Handler handler) {
  const std::lock_guard lock(broker_.mutex_);
  on_ = &on;
  handler_ = std::move(handler);
  broker_.started_.insert(this);
}

void MemoryBus::take(std::vector<MessageRef> messages) const {
  on_->post([handler = handler_, messages = std::move(messages)]() mutable {
    handler(std::move(messages));
  });
}

void MemoryBus::bind(std::vector<BindingKey> keys, Reply<Result<void>> bound) {
  {
    const std::lock_guard lock(broker_.mutex_);
    for (BindingKey& key : keys) {
      broker_.bound_[key].insert(this);
      keys_.insert(std::move(key));
    }
  }
  bound(Result<void>());
}

void MemoryBus::unbind(std::vector<BindingKey> keys) {
  const std::lock_guard lock(broker_.mutex_);
  for (const BindingKey& key : keys) unbind_locked(key);
}

void MemoryBus::unbind_locked(const BindingKey& key) {
  keys_.erase(key);
  const auto found = broker_.bound_.find(key);
  if (found == broker_.bound_.end()) return;
  found->second.erase(this);
  if (found->second.empty()) broker_.bound_.erase(found);
}

void MemoryBus::publish(std::vector<MessageRef> batch) {
  const std::lock_guard lock(broker_.mutex_);
  std::unordered_map<MemoryBus*, std::vector<MessageRef>> by_receiver;
  for (const MessageRef& message : batch) {
    for (MemoryBus* const receiver : broker_.receivers_of(message->room, this)) {
      by_receiver[receiver].push_back(message);
    }
  }
  for (auto& [receiver, messages] : by_receiver) receiver->take(std::move(messages));
}

void MemoryBus::send(GatewayId to, std::vector<MessageRef> batch) {
  if (batch.empty()) return;
  const std::lock_guard lock(broker_.mutex_);
  for (const MemoryBus* const bus : broker_.started_) {
    if (to.empty() ? bus != this : bus->self_ == to) bus->take(batch);
  }
}

}  // namespace stampede::memory
