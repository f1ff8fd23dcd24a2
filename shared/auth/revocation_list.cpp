#include "shared/auth/revocation_list.h"

namespace stampede::auth {

std::vector<Revocation> RevocationList::add(const std::vector<Revocation>& news) {
  const std::lock_guard lock(mutex_);
  std::vector<Revocation> fresh;
  for (const Revocation& one : news) {
    const bool token = one.user.empty();
    const Key key(token, token ? one.token_id : one.user.str());
    const auto [known, added] = at_ms_.try_emplace(key, one.at_ms);
    if (!added) {
      if (known->second >= one.at_ms) continue;
      by_age_.erase({known->second, key});
      known->second = one.at_ms;
    }
    by_age_.emplace(one.at_ms, key);
    fresh.push_back(one);
  }
  forget_old();
  return fresh;
}

Result<void> RevocationList::check(const Principal& principal) const {
  const std::lock_guard lock(mutex_);
  if (!principal.token_id.empty() && at_ms_.contains({true, principal.token_id})) {
    return Error(Errc::kDenied, "this token has been revoked");
  }
  const auto user = at_ms_.find({false, principal.user.str()});
  if (user == at_ms_.end()) return {};
  if (!principal.issued_at) {
    return Error(Errc::kDenied,
                 "this user has been revoked, and the token does not say when it was issued (iat)");
  }
  if (*principal.issued_at <= Milliseconds(user->second)) {
    return Error(Errc::kDenied, "this user has been revoked since");
  }
  return {};
}

std::size_t RevocationList::size() const {
  const std::lock_guard lock(mutex_);
  return at_ms_.size();
}

void RevocationList::forget_old() {
  const auto now = std::chrono::duration_cast<Milliseconds>(clock_.wall());
  while (!by_age_.empty() && by_age_.begin()->first < (now - ttl_).count()) {
    at_ms_.erase(by_age_.begin()->second);
    by_age_.erase(by_age_.begin());
  }
}

}  // namespace stampede::auth
