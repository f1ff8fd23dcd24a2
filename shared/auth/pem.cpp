// OpenSSL reads the PEM and hands out the numbers, so that a key becomes the same thing by
// whichever way it comes.
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <memory>
#include <utility>

#include "shared/auth/key_set.h"

namespace stampede::auth {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;

Error bad(std::string text) { return {Errc::kInvalidArgument, std::move(text)}; }

/// A number of the key, big-endian, at least `least_bytes` long; empty when it has none.
std::string number(const EVP_PKEY& key, const char* name, std::size_t least_bytes) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(&key, name, &raw) != 1) return {};
  const std::unique_ptr<BIGNUM, Free> value(raw);
  std::string out(std::max(least_bytes, static_cast<std::size_t>(BN_num_bytes(raw))), '\0');
  BN_bn2binpad(raw, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
  return out;
}

/// Everything that is not one public key, with what to do about it.
Result<void> check_blocks(std::string_view pem) {
  const std::size_t first = pem.find("-----BEGIN ");
  if (pem.find("-----BEGIN ", first + 1) != std::string_view::npos) {
    return bad("there is more than one PEM block; several keys go into a JWKS");
  }
  if (pem.find("PRIVATE KEY-----") != std::string_view::npos) {
    return bad(
        "it holds a private key, which belongs to the issuer of tokens only; extract the "
        "public one with: openssl pkey -in <file> -pubout");
  }
  if (pem.find("-----BEGIN PUBLIC KEY-----") == std::string_view::npos) {
    return bad("the PEM block is no PUBLIC KEY; for a certificate: openssl x509 -pubkey -noout");
  }
  return {};
}

KeyPtr read_key(std::string_view pem) {
  const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  KeyPtr key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return key;
}

Result<VerificationKey> p256_key(const EVP_PKEY& key) {
  std::array<char, 64> curve{};
  std::size_t size = 0;
  const int known = EVP_PKEY_get_utf8_string_param(&key, OSSL_PKEY_PARAM_GROUP_NAME, curve.data(),
                                                   curve.size(), &size);
  if (known != 1 || std::string_view(curve.data(), size) != "prime256v1") {
    return bad("the EC key is on another curve than P-256 (prime256v1), which ES256 needs");
  }
  return VerificationKey::from_p256(number(key, OSSL_PKEY_PARAM_EC_PUB_X, 32),
                                    number(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32));
}

}  // namespace

Result<VerificationKey> parse_pem(std::string_view pem) {
  if (auto checked = check_blocks(pem); !checked) return checked.error();
  const KeyPtr key = read_key(pem);
  if (key == nullptr) return bad("the PEM block is damaged");
  if (EVP_PKEY_is_a(key.get(), "RSA") == 1) {
    return VerificationKey::from_rsa(number(*key, OSSL_PKEY_PARAM_RSA_N, 0),
                                     number(*key, OSSL_PKEY_PARAM_RSA_E, 0));
  }
  if (EVP_PKEY_is_a(key.get(), "EC") == 1) return p256_key(*key);
  return bad("the key is neither RSA nor EC");
}

}  // namespace stampede::auth
