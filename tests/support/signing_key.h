#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stampede::test {

inline std::string base64url(std::string_view bytes) {
  std::string out(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                  '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  out.pop_back();  // the NUL
  return out;
}

/// What an issuer of tokens has: signs with OpenSSL alone, so that what verifies is not tested
/// against itself.
class SigningKey {
 public:
  static SigningKey secret(std::string bytes) {
    SigningKey key("HS256");
    key.secret_ = std::move(bytes);
    return key;
  }
  static SigningKey rsa(unsigned bits = 2048) {
    SigningKey key("RS256");
    key.pair_.reset(EVP_RSA_gen(bits), EVP_PKEY_free);
    return key;
  }
  static SigningKey ec(const char* curve = "P-256") {
    SigningKey key("ES256");
    key.pair_.reset(EVP_EC_gen(curve), EVP_PKEY_free);
    return key;
  }

  [[nodiscard]] const std::string& algorithm() const { return algorithm_; }

  /// header.payload.signature, with a header that names this algorithm and the key.
  [[nodiscard]] std::string token(std::string_view claims, const std::string& kid = {}) const {
    const std::string named = kid.empty() ? "" : R"(,"kid":")" + kid + "\"";
    return token_with_header(R"({"alg":")" + algorithm_ + R"(","typ":"JWT")" + named + "}", claims);
  }
  [[nodiscard]] std::string token_with_header(std::string_view header,
                                              std::string_view claims) const {
    const std::string input = base64url(header) + '.' + base64url(claims);
    return input + '.' + base64url(signature(input));
  }

  [[nodiscard]] std::string public_pem() const { return pem(&PEM_write_bio_PUBKEY); }
  [[nodiscard]] std::string private_pem() const {
    return pem(+[](BIO* bio, EVP_PKEY* key) {
      return PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
  }

  /// The members of a JWK; `more` are added to it: R"("kid":"a")".
  [[nodiscard]] std::string jwk(const std::string& more = {}) const {
    std::string out;
    if (algorithm_ == "HS256") {
      out = R"("kty":"oct","k":")" + base64url(secret_) + "\"";
    } else if (algorithm_ == "RS256") {
      out = R"("kty":"RSA","n":")" + number(OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" +
            number(OSSL_PKEY_PARAM_RSA_E) + "\"";
    } else {
      out = R"("kty":"EC","crv":"P-256","x":")" + number(OSSL_PKEY_PARAM_EC_PUB_X, 32) +
            R"(","y":")" + number(OSSL_PKEY_PARAM_EC_PUB_Y, 32) + "\"";
    }
    return "{" + out + (more.empty() ? "" : "," + more) + "}";
  }

  /// The raw signature of `input`, in the form of its algorithm.
  [[nodiscard]] std::string signature(const std::string& input) const {
    const auto* const data = reinterpret_cast<const unsigned char*>(input.data());
    unsigned char out[EVP_MAX_MD_SIZE];
    if (algorithm_ == "HS256") {
      unsigned size = 0;
      HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), data, input.size(), out,
           &size);
      return {reinterpret_cast<const char*>(out), size};
    }
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                     EVP_MD_CTX_free);
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, pair_.get());
    std::size_t size = 0;
    EVP_DigestSign(context.get(), nullptr, &size, data, input.size());
    std::string der(size, '\0');
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(der.data()), &size, data,
                   input.size());
    der.resize(size);
    return algorithm_ == "ES256" ? raw_ecdsa(der) : der;
  }

 private:
  explicit SigningKey(std::string algorithm) : algorithm_(std::move(algorithm)) {}

  /// r and s side by side, as JOSE has them.
  static std::string raw_ecdsa(const std::string& der) {
    const auto* data = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* const parsed = d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size()));
    std::string out(64, '\0');
    auto* const bytes = reinterpret_cast<unsigned char*>(out.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(parsed), bytes, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(parsed), bytes + 32, 32);
    ECDSA_SIG_free(parsed);
    return out;
  }

  [[nodiscard]] std::string number(const char* name, int bytes = 0) const {
    BIGNUM* value = nullptr;
    EVP_PKEY_get_bn_param(pair_.get(), name, &value);
    std::string out(static_cast<std::size_t>(std::max(bytes, BN_num_bytes(value))), '\0');
    BN_bn2binpad(value, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
    BN_free(value);
    return base64url(out);
  }

  template <class Write>
  [[nodiscard]] std::string pem(Write write) const {
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
    if (write(bio.get(), pair_.get()) != 1) throw std::runtime_error("the key was not written");
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }

  std::string algorithm_;
  std::string secret_;
  std::shared_ptr<EVP_PKEY> pair_;
};

inline std::string jwks(const std::vector<std::string>& keys) {
  std::string out;
  for (const std::string& key : keys) out += (out.empty() ? "" : ",") + key;
  return R"({"keys":[)" + out + "]}";
}

/// What a users file may hold for this passcode, at the least cost that argon2id has.
inline std::string cheap_hash(const std::string& passcode) {
  if (sodium_init() < 0) throw std::runtime_error("no randomness");
  char hash[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str(hash, passcode.data(), passcode.size(), crypto_pwhash_OPSLIMIT_MIN,
                        crypto_pwhash_MEMLIMIT_MIN) != 0) {
    throw std::runtime_error("no memory for a hash");
  }
  return hash;
}

}  // namespace stampede::test
