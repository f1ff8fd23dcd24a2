#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/error.h"

namespace stampede::auth {

/// The signatures that are taken. A key is for one of them only, whatever a token says.
enum class Algorithm : std::uint8_t {
  kHs256,  ///< HMAC with SHA-256 and a shared secret
  kRs256,  ///< RSA, PKCS #1 v1.5, SHA-256
  kEs256,  ///< ECDSA on P-256, SHA-256
};

std::string_view to_string(Algorithm algorithm) noexcept;
std::optional<Algorithm> parse_algorithm(std::string_view name) noexcept;

/// One key that signatures are checked with. A value; copies share the material. Any thread.
/// Numbers are big-endian bytes; kInvalidArgument says what is wrong with the material.
class VerificationKey {
 public:
  static constexpr std::size_t kMinSecretBytes = 32;
  static constexpr std::size_t kMinRsaBits = 2048;
  static constexpr std::size_t kMaxRsaBits = 8192;

  /// At least as many bytes as the hash has (RFC 7518, section 3.2).
  static Result<VerificationKey> from_secret(std::string secret);
  static Result<VerificationKey> from_rsa(std::string modulus, std::string exponent);
  /// A point of the curve P-256.
  static Result<VerificationKey> from_p256(std::string x, std::string y);

  [[nodiscard]] Algorithm algorithm() const noexcept { return algorithm_; }
  [[nodiscard]] std::size_t signature_bytes() const noexcept { return signature_bytes_; }
  /// Tells keys apart without telling what they are; see crypto.h.
  [[nodiscard]] const std::string& fingerprint() const noexcept { return fingerprint_; }

 private:
  friend class SignedToken;

  VerificationKey(Algorithm algorithm, std::size_t signature_bytes, const std::string& material,
                  void* jwk);

  Algorithm algorithm_;
  std::size_t signature_bytes_;
  std::string fingerprint_;
  std::shared_ptr<void> jwk_;  ///< cjose's key
};

/// A token as it came: a JWS in compact form (RFC 7515), nothing of it proven. One thread.
class SignedToken {
 public:
  static constexpr std::size_t kMaxBytes = 8192;

  /// kTooLarge over kMaxBytes, kInvalidArgument when it has another form than three parts of
  /// base64url with a JSON header, or asks for extensions (`crit`) that must be understood.
  static Result<SignedToken> parse(std::string_view compact);

  /// Unproven.
  [[nodiscard]] const std::string& algorithm() const noexcept { return algorithm_; }
  [[nodiscard]] const std::optional<std::string>& key_id() const noexcept { return key_id_; }

  /// The payload, once the signature has been checked. kDenied: it is not by this key, or for
  /// another algorithm than the key's.
  [[nodiscard]] Result<std::string> verify(const VerificationKey& key) const;

 private:
  SignedToken() = default;

  std::string algorithm_;
  std::optional<std::string> key_id_;
  std::size_t signature_bytes_ = 0;
  std::shared_ptr<void> jws_;  ///< cjose's token
};

}  // namespace stampede::auth
