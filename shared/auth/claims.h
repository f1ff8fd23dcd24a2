#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "shared/auth/principal.h"
#include "shared/base/clock.h"
#include "shared/base/error.h"

namespace stampede::auth {

/// What the claims of a token are held against.
struct ClaimRules {
  std::string issuer;    ///< empty: any
  std::string audience;  ///< empty: any
  Microseconds leeway{0};
  std::shared_ptr<const Rights> default_rights;  ///< of tokens without `rooms`
};

/// Reads the claims (RFC 7519) of a token whose signature is proven: `sub` and `exp` are required,
/// `iss`, `aud`, `nbf`, `iat`, `jti` are checked when there or wanted, and `rooms` is
/// [{"match": "lecture.*", "can": ["read", "send", "presence"]}, …]. `now` is wall clock.
///
/// kDenied: expired, not valid yet, for somebody else. kInvalidArgument: not understood. Both say
/// which claim, and may be shown to whoever sent the token.
Result<Principal> read_claims(std::string_view json, const ClaimRules& rules, Microseconds now);

}  // namespace stampede::auth
