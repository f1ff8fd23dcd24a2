#pragma once

#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "shared/base/clock.h"
#include "shared/ports/revocations.h"

namespace stampede::memory {

/// The revocations of one process: remembered for `ttl`, or until it ends. Any thread. `clock`
/// outlives it.
class MemoryRevocations final : public Revocations {
 public:
  MemoryRevocations(Milliseconds ttl, const Clock& clock) : ttl_(ttl), clock_(clock) {}
  MemoryRevocations(const MemoryRevocations&) = delete;
  MemoryRevocations& operator=(const MemoryRevocations&) = delete;

  void revoke(Revocation revocation, Reply<Result<void>> revoked) override;
  void watch(Executor& on, News news) override;

 private:
  void forget_old(std::int64_t now_ms);

  const Milliseconds ttl_;
  const Clock& clock_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<Revocation> remembered_;  ///< oldest first
  std::vector<std::pair<Executor*, News>> watchers_;
};

}  // namespace stampede::memory
