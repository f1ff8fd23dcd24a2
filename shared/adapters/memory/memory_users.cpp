#include "shared/adapters/memory/memory_users.h"

#include <utility>

namespace stampede::memory {

MemoryUserDirectory::MemoryUserDirectory(MemoryUsers& users, GatewayId self)
    : users_(users), self_(std::move(self)) {}

MemoryUserDirectory::~MemoryUserDirectory() {
  const std::lock_guard lock(users_.mutex_);
  for (auto& [queue, gateways] : users_.queues_) gateways.erase(self_);
  std::erase_if(users_.queues_, [](const auto& queue) { return queue.second.empty(); });
}

void MemoryUserDirectory::enter(std::vector<QueueSession> sessions, Reply<Result<void>> entered) {
  {
    const std::lock_guard lock(users_.mutex_);
    for (const QueueSession& one : sessions) {
      users_.queues_[one.queue][self_].insert(one.session);
    }
  }
  entered(Result<void>());
}

void MemoryUserDirectory::leave(std::vector<QueueSession> sessions) {
  const std::lock_guard lock(users_.mutex_);
  for (const QueueSession& one : sessions) {
    const auto queue = users_.queues_.find(one.queue);
    if (queue == users_.queues_.end()) continue;
    const auto here = queue->second.find(self_);
    if (here == queue->second.end()) continue;
    here->second.erase(one.session);
    if (here->second.empty()) queue->second.erase(here);
    if (queue->second.empty()) users_.queues_.erase(queue);
  }
}

void MemoryUserDirectory::find(std::vector<UserQueue> queues, Reply<Result<Places>> found) {
  Places out(queues.size());
  {
    const std::lock_guard lock(users_.mutex_);
    for (std::size_t i = 0; i < queues.size(); ++i) {
      const auto queue = users_.queues_.find(queues[i]);
      if (queue == users_.queues_.end()) continue;
      for (const auto& [gateway, sessions] : queue->second) {
        out[i].push_back({gateway, sessions.size()});
      }
    }
  }
  found(std::move(out));
}

}  // namespace stampede::memory
