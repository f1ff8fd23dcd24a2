#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "shared/auth/authenticator.h"
#include "shared/auth/principal.h"
#include "shared/auth/revocation_list.h"
#include "shared/base/executor.h"
#include "shared/ports/revocations.h"

namespace stampede::auth {

/// Whom a process lets in: the authenticator's word, unless it was revoked since. What sessions and
/// REST handlers ask. Any thread; outlives every executor's tasks.
class Admission {
 public:
  /// Where it asks; in the programs these are the Authenticator's.
  struct Ports {
    std::function<void(Credentials, Reply<Result<Principal>>)> authenticate;
    std::function<Result<Principal>(const Principal&)> review;
    std::function<Result<void>(std::string_view)> authorize_admin;
  };
  using Decided = std::function<void(Result<Principal>)>;

  /// Revocations are remembered for `ttl`. `clock` outlives it.
  Admission(Ports ports, Milliseconds ttl, const Clock& clock);
  /// Asks `authenticator`, which outlives it.
  static Ports ports_of(Authenticator& authenticator) {
    return {[&authenticator](Credentials credentials, Reply<Result<Principal>> reply) {
              authenticator.authenticate(std::move(credentials), std::move(reply));
            },
            [&authenticator](const Principal& one) { return authenticator.review(one); },
            [&authenticator](std::string_view authorization) {
              return authenticator.authorize_admin(authorization);
            }};
  }

  /// `decided` runs posted on `on`. Errors are the Authenticator's; kDenied for what was revoked.
  void authenticate(Credentials credentials, Executor& on, Decided decided) const;

  /// The principal with the rights it has now; kDenied with the reason when it may not be here any
  /// longer.
  [[nodiscard]] Result<Principal> check(const Principal& principal) const;

  /// Whether the value of an `Authorization` header is the administrator's key.
  [[nodiscard]] Result<void> authorize_admin(std::string_view authorization) const;

  /// From now on refused by `check`. Returns whether any of it is new: then those who are in have
  /// to be checked again.
  bool revoke(const std::vector<Revocation>& revocations);

 private:
  Ports ports_;
  RevocationList revoked_;
};

}  // namespace stampede::auth
