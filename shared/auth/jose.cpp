// The seam to cjose, which parses and verifies. It trusts its input in two places: it asserts that
// padding stands where it belongs, and it compares an HMAC before it looks at its length. So a
// token is first held to its form here. docs/decisions/0005-cjose-behind-a-strict-form.md says why
// cjose.
#include "shared/auth/jose.h"

#include <cjose/jwk.h>
#include <cjose/jws.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <utility>

#include "shared/auth/crypto.h"

namespace stampede::auth {
namespace {

constexpr std::array<std::pair<std::string_view, Algorithm>, 3> kAlgorithms{
    {{"HS256", Algorithm::kHs256}, {"RS256", Algorithm::kRs256}, {"ES256", Algorithm::kEs256}}};

Error bad(std::string text) { return {Errc::kInvalidArgument, std::move(text)}; }
Error denied(std::string text) { return {Errc::kDenied, std::move(text)}; }

std::uint8_t* bytes_of(std::string& text) { return reinterpret_cast<std::uint8_t*>(text.data()); }

void release_jwk(void* jwk) { cjose_jwk_release(static_cast<cjose_jwk_t*>(jwk)); }
void release_jws(void* jws) { cjose_jws_release(static_cast<cjose_jws_t*>(jws)); }

void strip_leading_zeros(std::string& number) {
  number.erase(0, std::min(number.find_first_not_of('\0'), number.size()));
}

std::size_t bits_of(const std::string& number) {
  if (number.empty()) return 0;
  const auto first = static_cast<unsigned char>(number.front());
  return (number.size() - 1) * 8 + static_cast<std::size_t>(std::bit_width(first));
}

/// The lengths of the decoded parts, header first.
Result<std::array<std::size_t, 3>> part_sizes(std::string_view compact) {
  std::array<std::size_t, 3> sizes{};
  for (std::size_t part = 0; part < 3; ++part) {
    const std::size_t dot = compact.find('.');
    const bool last = dot == std::string_view::npos;
    if (last != (part == 2)) return bad("a token has three parts with a dot between them");
    const auto decoded = decode_base64url(compact.substr(0, dot));
    if (!decoded) return bad("part " + std::to_string(part + 1) + " of the token is not base64url");
    sizes[part] = decoded->size();
    if (!last) compact.remove_prefix(dot + 1);
  }
  return sizes;
}

}  // namespace

std::string_view to_string(Algorithm algorithm) noexcept {
  for (const auto& [name, known] : kAlgorithms) {
    if (known == algorithm) return name;
  }
  return {};
}

std::optional<Algorithm> parse_algorithm(std::string_view name) noexcept {
  for (const auto& [known, algorithm] : kAlgorithms) {
    if (known == name) return algorithm;
  }
  return std::nullopt;
}

VerificationKey::VerificationKey(Algorithm algorithm, std::size_t signature_bytes,
                                 const std::string& material, void* jwk)
    : algorithm_(algorithm),
      signature_bytes_(signature_bytes),
      fingerprint_(auth::fingerprint(std::string(to_string(algorithm)) + material)),
      jwk_(jwk, release_jwk) {}

Result<VerificationKey> VerificationKey::from_secret(std::string secret) {
  if (secret.size() < kMinSecretBytes) {
    return bad("the secret has " + std::to_string(secret.size()) + " bytes; HS256 needs at least " +
               std::to_string(kMinSecretBytes));
  }
  cjose_jwk_t* const jwk = cjose_jwk_create_oct_spec(bytes_of(secret), secret.size(), nullptr);
  if (jwk == nullptr) return bad("the secret cannot be used");
  return VerificationKey(Algorithm::kHs256, 32, secret, jwk);
}

Result<VerificationKey> VerificationKey::from_rsa(std::string modulus, std::string exponent) {
  strip_leading_zeros(modulus);
  strip_leading_zeros(exponent);
  const std::size_t bits = bits_of(modulus);
  if (bits < kMinRsaBits || bits > kMaxRsaBits) {
    return bad("the RSA key has " + std::to_string(bits) + " bits; allowed are " +
               std::to_string(kMinRsaBits) + " to " + std::to_string(kMaxRsaBits));
  }
  const bool odd = !exponent.empty() && (static_cast<unsigned char>(exponent.back()) & 1U) != 0;
  if (!odd || exponent == "\1" || exponent.size() > 8) {
    return bad("the RSA key's exponent is no odd number from 3 to 2^64");
  }
  cjose_jwk_rsa_keyspec spec{};
  spec.n = bytes_of(modulus);
  spec.nlen = modulus.size();
  spec.e = bytes_of(exponent);
  spec.elen = exponent.size();
  cjose_jwk_t* const jwk = cjose_jwk_create_RSA_spec(&spec, nullptr);
  ERR_clear_error();
  if (jwk == nullptr) return bad("the RSA key cannot be used");
  return VerificationKey(Algorithm::kRs256, modulus.size(), modulus + '.' + exponent, jwk);
}

Result<VerificationKey> VerificationKey::from_p256(std::string x, std::string y) {
  constexpr std::size_t kCoordinateBytes = 32;
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) {
    return bad("the coordinates of a P-256 key have 32 bytes each");
  }
  cjose_jwk_ec_keyspec spec{};
  spec.crv = CJOSE_JWK_EC_P_256;
  spec.x = bytes_of(x);
  spec.xlen = x.size();
  spec.y = bytes_of(y);
  spec.ylen = y.size();
  cjose_jwk_t* const jwk = cjose_jwk_create_EC_spec(&spec, nullptr);
  ERR_clear_error();
  if (jwk == nullptr) return bad("the coordinates are no point of the curve P-256");
  return VerificationKey(Algorithm::kEs256, 2 * kCoordinateBytes, x + y, jwk);
}

Result<SignedToken> SignedToken::parse(std::string_view compact) {
  if (compact.size() > kMaxBytes) {
    return Error(Errc::kTooLarge, "the token has " + std::to_string(compact.size()) +
                                      " bytes; allowed are " + std::to_string(kMaxBytes));
  }
  const auto sizes = part_sizes(compact);
  if (!sizes) return sizes.error();
  SignedToken token;
  token.signature_bytes_ = (*sizes)[2];
  token.jws_ = std::shared_ptr<void>(cjose_jws_import(compact.data(), compact.size(), nullptr),
                                     [](void* jws) {
                                       if (jws != nullptr) release_jws(jws);
                                     });
  if (token.jws_ == nullptr) {
    return bad("the token's header is no JSON object with an alg that is known");
  }
  auto* const header = cjose_jws_get_protected(static_cast<cjose_jws_t*>(token.jws_.get()));
  token.algorithm_ = cjose_header_get(header, "alg", nullptr);
  if (const char* const kid = cjose_header_get(header, "kid", nullptr)) token.key_id_ = kid;
  const std::unique_ptr<char, decltype(&std::free)> critical(
      cjose_header_get_raw(header, "crit", nullptr), std::free);
  if (critical != nullptr) return bad("the token has critical extensions (crit): none is known");
  return token;
}

Result<std::string> SignedToken::verify(const VerificationKey& key) const {
  if (algorithm_ != to_string(key.algorithm())) {
    return denied("the token's alg is not that of its key, which is for " +
                  std::string(to_string(key.algorithm())));
  }
  auto* const jws = static_cast<cjose_jws_t*>(jws_.get());
  const bool verified = signature_bytes_ == key.signature_bytes() &&
                        cjose_jws_verify(jws, static_cast<cjose_jwk_t*>(key.jwk_.get()), nullptr);
  ERR_clear_error();  // or the next user of OpenSSL on this thread finds our failure
  if (!verified) return denied("the token's signature is wrong");
  std::uint8_t* payload = nullptr;
  std::size_t size = 0;
  if (!cjose_jws_get_plaintext(jws, &payload, &size, nullptr)) return std::string();
  return std::string(reinterpret_cast<const char*>(payload), size);
}

}  // namespace stampede::auth
