#pragma once

#include <string>
#include <variant>

#include "shared/auth/authenticator.h"

namespace stampede::auth {

/// What credentials come down to.
struct PresentedToken {
  std::string compact;
};
struct PresentedPasscode {
  std::string login;
  std::string passcode;
};
/// A name at most.
struct PresentedNothing {
  std::string login;
};
using Presented = std::variant<PresentedNothing, PresentedPasscode, PresentedToken>;

/// Reads the Authorization header if there is one, else login and passcode; a passcode that looks
/// like a token is one when `tokens` are taken. kInvalidArgument: a scheme that is not known, or a
/// header that is damaged.
Result<Presented> read_credentials(const Credentials& credentials, bool tokens);

}  // namespace stampede::auth
