#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "shared/auth/rights.h"
#include "shared/base/clock.h"
#include "shared/base/ids.h"

namespace stampede::auth {

/// Who somebody has proven to be, and what that allows. A value; copies share the rights.
struct Principal {
  enum class Source : std::uint8_t {
    kAnonymous,  ///< authentication is off: the name is only a claim
    kUsersFile,
    kToken,
  };

  UserId user;
  std::string token_id;  ///< the token's `jti`; may be empty
  std::shared_ptr<const Rights> rights = std::make_shared<const Rights>();
  /// Wall clock. A token's `iat`, which it need not have; else the time of the login.
  std::optional<Microseconds> issued_at;
  /// Wall clock. Only tokens end.
  std::optional<Microseconds> expires_at;
  Source source = Source::kAnonymous;
  /// What it was proven by, a fingerprint that `Authenticator::review` compares with what the files
  /// hold now: never the credential itself.
  std::string proof;
};

}  // namespace stampede::auth
