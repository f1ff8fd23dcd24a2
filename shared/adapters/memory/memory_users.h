#pragma once

#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "shared/ports/user_directory.h"

namespace stampede::memory {

/// The users of one process. Any thread, one mutex; outlives its directories.
class MemoryUsers {
 public:
  MemoryUsers() = default;
  MemoryUsers(const MemoryUsers&) = delete;
  MemoryUsers& operator=(const MemoryUsers&) = delete;

 private:
  friend class MemoryUserDirectory;

  using Sessions = std::set<SessionId>;
  std::mutex mutex_;
  std::map<UserQueue, std::map<GatewayId, Sessions>> queues_;  ///< guarded by mutex_; none is empty
};

/// The view of the gateway `self`. Destroying it takes its sessions away.
class MemoryUserDirectory final : public UserDirectory {
 public:
  MemoryUserDirectory(MemoryUsers& users, GatewayId self);
  ~MemoryUserDirectory() override;
  MemoryUserDirectory(const MemoryUserDirectory&) = delete;
  MemoryUserDirectory& operator=(const MemoryUserDirectory&) = delete;

  void enter(std::vector<QueueSession> sessions, Reply<Result<void>> entered) override;
  void leave(std::vector<QueueSession> sessions) override;
  void find(std::vector<UserQueue> queues, Reply<Result<Places>> found) override;

 private:
  MemoryUsers& users_;
  const GatewayId self_;
};

}  // namespace stampede::memory
