#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/auth/jose.h"

namespace stampede::auth {

/// The keys that tokens are checked with. Immutable; any thread.
class KeySet {
 public:
  /// What a key file holds: a JWKS or one JWK (JSON), one public key in PEM, or a shared secret,
  /// which has to be asked for by `pinned` = HS256 so that no damaged key is ever taken for one.
  /// `pinned` may be empty; it must not be given with a JWKS, which says it itself.
  ///
  /// Keys of a JWKS that are for something else (encryption, other algorithms) are passed over.
  /// kInvalidArgument says which key is wrong and what is allowed; there is at least one.
  static Result<KeySet> parse(std::string_view content, std::string_view pinned);

  /// The key that a token names by its `kid`. A token without one gets the only key of its
  /// algorithm; a set of one key without a name is for every token. kDenied says what is missing.
  [[nodiscard]] Result<VerificationKey> choose(const SignedToken& token) const;

  [[nodiscard]] bool has(std::string_view fingerprint) const;
  [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }

 private:
  friend Result<KeySet> parse_jwks(std::string_view json);

  struct Named {
    std::optional<std::string> id;
    VerificationKey key;
  };

  std::vector<Named> keys_;
};

/// RFC 7517: {"keys": […]} or a single key.
Result<KeySet> parse_jwks(std::string_view json);
/// A "BEGIN PUBLIC KEY" block: RSA, or EC on P-256.
Result<VerificationKey> parse_pem(std::string_view pem);

}  // namespace stampede::auth
