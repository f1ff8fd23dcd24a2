#include "shared/auth/key_set.h"

#include <algorithm>
#include <utility>

namespace stampede::auth {
namespace {

Error bad(std::string text) { return {Errc::kInvalidArgument, std::move(text)}; }
Error denied(std::string text) { return {Errc::kDenied, std::move(text)}; }

/// Editors and `openssl rand` end a file with a line feed that nobody means.
std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

Result<VerificationKey> parse_single(std::string_view content, std::string_view pinned) {
  if (content.find("-----BEGIN ") != std::string_view::npos) {
    auto key = parse_pem(content);
    if (key && !pinned.empty() && pinned != to_string(key->algorithm())) {
      return bad("the key is for " + std::string(to_string(key->algorithm())) +
                 ", but --jwt-algorithm says " + std::string(pinned));
    }
    return key;
  }
  if (pinned != to_string(Algorithm::kHs256)) {
    return bad(
        "it is neither a JWKS nor a public key in PEM; if it is a shared secret, say so with "
        "--jwt-algorithm HS256");
  }
  return VerificationKey::from_secret(std::string(without_line_end(content)));
}

}  // namespace

Result<KeySet> KeySet::parse(std::string_view content, std::string_view pinned) {
  const std::size_t first = content.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return bad("it is empty");
  if (content[first] == '{' && pinned != to_string(Algorithm::kHs256)) {
    if (!pinned.empty()) {
      return bad("a JWKS says the algorithm of each key itself; leave --jwt-algorithm out");
    }
    return parse_jwks(content);
  }
  auto key = parse_single(content, pinned);
  if (!key) return key.error();
  KeySet set;
  set.keys_.push_back({std::nullopt, *std::move(key)});
  return set;
}

Result<VerificationKey> KeySet::choose(const SignedToken& token) const {
  if (keys_.size() == 1 && !keys_.front().id) return keys_.front().key;
  if (const auto& wanted = token.key_id()) {
    const auto found = std::find_if(keys_.begin(), keys_.end(),
                                    [&](const Named& named) { return named.id == wanted; });
    if (found == keys_.end()) return denied("the token's key (kid) is not known here");
    return found->key;
  }
  const auto fits = [&](const Named& named) {
    return to_string(named.key.algorithm()) == token.algorithm();
  };
  const auto found = std::find_if(keys_.begin(), keys_.end(), fits);
  if (found == keys_.end()) return denied("there is no key for the token's alg");
  if (std::find_if(std::next(found), keys_.end(), fits) != keys_.end()) {
    return denied("the token does not say which key it is signed with (kid)");
  }
  return found->key;
}

bool KeySet::has(std::string_view fingerprint) const {
  return std::any_of(keys_.begin(), keys_.end(),
                     [&](const Named& named) { return named.key.fingerprint() == fingerprint; });
}

}  // namespace stampede::auth
