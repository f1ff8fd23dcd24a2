#include "shared/auth/presented.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "shared/auth/crypto.h"

namespace stampede::auth {
namespace {

Error bad(std::string text) { return {Errc::kInvalidArgument, std::move(text)}; }

/// Schemes are compared without case (RFC 9110, section 11.1).
bool is_scheme(std::string_view text, std::string_view scheme) {
  return std::equal(text.begin(), text.end(), scheme.begin(), scheme.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  });
}

/// Every JWT begins with a JSON object, and `{"` is `eyJ` in base64url.
bool looks_like_token(std::string_view text) {
  return text.starts_with("eyJ") && std::count(text.begin(), text.end(), '.') == 2;
}

Result<Presented> read_basic(std::string_view encoded) {
  const auto decoded = decode_base64(encoded);
  if (!decoded) return bad("Authorization: Basic has to be followed by base64");
  const std::size_t colon = decoded->find(':');
  if (colon == std::string::npos) return bad("Authorization: Basic has to hold name:passcode");
  return PresentedPasscode{decoded->substr(0, colon), decoded->substr(colon + 1)};
}

Result<Presented> read_header(std::string_view value) {
  const std::size_t blank = std::min(value.find(' '), value.size());
  const std::string_view scheme = value.substr(0, blank);
  value.remove_prefix(blank);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  if (is_scheme(scheme, "bearer")) return PresentedToken{std::string(value)};
  if (is_scheme(scheme, "basic")) return read_basic(value);
  return bad("Authorization has to be Bearer <token> or Basic <base64 of name:passcode>");
}

}  // namespace

Result<Presented> read_credentials(const Credentials& credentials, bool tokens) {
  if (!credentials.authorization.empty()) return read_header(credentials.authorization);
  if (credentials.passcode.empty()) return PresentedNothing{credentials.login};
  if (tokens && looks_like_token(credentials.passcode)) {
    return PresentedToken{credentials.passcode};
  }
  return PresentedPasscode{credentials.login, credentials.passcode};
}

}  // namespace stampede::auth
