#include "shared/auth/admission.h"

#include <utility>

namespace stampede::auth {

Admission::Admission(Ports ports, Milliseconds ttl, const Clock& clock)
    : ports_(std::move(ports)), revoked_(ttl, clock) {}

void Admission::authenticate(Credentials credentials, Executor& on, Decided decided) const {
  ports_.authenticate(std::move(credentials),
                      {on, [this, decided = std::move(decided)](Result<Principal> principal) {
                         // It may have been revoked while it was looked at, or long before.
                         decided(principal ? check(*principal) : std::move(principal));
                       }});
}

Result<Principal> Admission::check(const Principal& principal) const {
  if (const auto valid = revoked_.check(principal); !valid) return valid.error();
  return ports_.review(principal);
}

Result<void> Admission::authorize_admin(std::string_view authorization) const {
  return ports_.authorize_admin(authorization);
}

bool Admission::revoke(const std::vector<Revocation>& revocations) {
  return !revoked_.add(revocations).empty();
}

}  // namespace stampede::auth
