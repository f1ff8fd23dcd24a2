#include "shared/adapters/memory/memory_revocations.h"

#include <algorithm>

namespace stampede::memory {

void MemoryRevocations::revoke(Revocation revocation, Reply<Result<void>> revoked) {
  if (auto checked = check_revocation(revocation); !checked) {
    revoked(checked.error());
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::duration_cast<Milliseconds>(clock_.wall()).count();
    revocation.at_ms = now;
    forget_old(now);
    std::erase_if(remembered_, [&](const Revocation& known) {
      return known.user == revocation.user && known.token_id == revocation.token_id;
    });
    remembered_.push_back(revocation);
    for (const auto& [on, news] : watchers_) {
      on->post([news = news, revocation] { news({revocation}); });
    }
  }
  revoked(Result<void>());
}

void MemoryRevocations::watch(Executor& on, News news) {
  const std::lock_guard lock(mutex_);
  forget_old(std::chrono::duration_cast<Milliseconds>(clock_.wall()).count());
  if (!remembered_.empty()) on.post([news, all = remembered_] { news(all); });
  watchers_.emplace_back(&on, std::move(news));
}

void MemoryRevocations::forget_old(std::int64_t now_ms) {
  const auto first =
      std::find_if(remembered_.begin(), remembered_.end(),
                   [&](const Revocation& known) { return known.at_ms >= now_ms - ttl_.count(); });
  remembered_.erase(remembered_.begin(), first);
}

}  // namespace stampede::memory
