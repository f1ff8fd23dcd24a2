// Input: a word on a line of its own, and what follows in the notation of streams:
//   token   a token as a client sends it
//   header  the JSON header of a token that is signed here, correctly, by HMAC with SHA-256
//   claims  the claims of such a token
//
// Promises: whoever does not have a key never gets in; what is signed correctly and says so is
// verified and comes out as it was; whoever gets in has a valid name, an end, and rights that can
// be written and read; what is wrong is said in text that a client may be shown.
#include <sodium.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "shared/auth/claims.h"
#include "shared/auth/key_set.h"
#include "shared/base/utf8.h"
#include "tests/fuzz/finding.h"
#include "tests/fuzz/notation.h"
#include "tests/fuzz/targets.h"

namespace stampede::fuzz {
namespace {

using auth::KeySet;
using auth::Principal;
using auth::SignedToken;

constexpr Seconds kNow{1'700'000'000};

/// The keys of RFC 7515, appendix A; everybody has their other halves, but the fuzzer cannot sign.
const KeySet& keys() {
  static const KeySet set = *auth::parse_jwks(
      R"({"keys":[{"kty":"oct","kid":"hs","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"},)"
      R"({"kty":"EC","kid":"es","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},)"
      R"({"kty":"RSA","kid":"rs","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}]})");
  return set;
}

const auth::ClaimRules& rules() {
  static const auth::ClaimRules made{
      {}, {}, Seconds(10), std::make_shared<const auth::Rights>(auth::Rights::everything())};
  return made;
}

void check_error(const Error& error) {
  require(error.is(Errc::kDenied) || error.is(Errc::kInvalidArgument) || error.is(Errc::kTooLarge),
          "the error is kDenied, kInvalidArgument or kTooLarge", error.detail);
  require(is_utf8(error.detail), "the error's text is UTF-8", error.detail);
}

void check_claims(std::string_view json) {
  const auto principal = auth::read_claims(json, rules(), kNow);
  if (!principal) return check_error(principal.error());
  require(parse_user_id(principal->user.str()).has_value(), "the user has a name that is allowed");
  require(principal->expires_at.has_value(), "a token ends");
  require(*principal->expires_at + Seconds(10) > kNow, "who is let in has not expired");
  require(auth::parse_rights(principal->rights->str()).has_value(),
          "rights can be read as they are written", principal->rights->str());
}

/// Nothing when it is refused.
Result<std::string> verified(const std::string& compact) {
  const auto token = SignedToken::parse(compact);
  if (!token) return token.error();
  const auto key = keys().choose(*token);
  if (!key) return key.error();
  return token->verify(*key);
}

std::string base64url(std::string_view bytes) {
  std::string out(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                  '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  out.pop_back();
  return out;
}

constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";

std::string signed_here(std::string_view header, std::string_view claims) {
  const std::string text = base64url(header) + '.' + base64url(claims);
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256(mac.data(), reinterpret_cast<const unsigned char*>(text.data()),
                         text.size(), reinterpret_cast<const unsigned char*>(kSecret.data()));
  return text + '.' + base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

/// What is signed with the secret, whatever its header says.
void check_signed(const std::string& header, const std::string& claims, bool expected) {
  static const auto key = *auth::VerificationKey::from_secret(std::string(kSecret));
  const auto token = SignedToken::parse(signed_here(header, claims));
  if (!token) {
    require(!expected || token.error().is(Errc::kTooLarge), "a good token is understood",
            token.error().detail);
    return check_error(token.error());
  }
  const auto payload = token->verify(key);
  require(payload.has_value() == (token->algorithm() == "HS256"),
          "what is signed correctly is verified, if it says how");
  if (!payload) return check_error(payload.error());
  require(*payload == claims, "claims come out as they were");
}

}  // namespace

void jwt(std::string_view input) {
  const std::string_view mode = take_line(input);
  while (mode == "token" && input.ends_with('\n')) input.remove_suffix(1);
  const std::string text = parse_stream(input).whole();
  if (mode == "header") return check_signed(text, R"({"sub":"ann"})", false);
  if (mode == "claims") {
    check_signed(R"({"alg":"HS256"})", text, true);
    return check_claims(text);
  }
  const auto claims = verified(text);
  if (!claims) return check_error(claims.error());
  // Only the examples of the RFC are signed with these keys.
  require(claims->find("\"iss\":\"joe\"") != std::string::npos, "nobody gets in without a key",
          *claims);
}

}  // namespace stampede::fuzz
