// Key files: RFC 7517 (JWK), PEM and shared secrets.
#include "shared/auth/key_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/signing_key.h"

namespace stampede::auth {
namespace {

using test::jwks;
using test::SigningKey;
using ::testing::HasSubstr;

const std::string kSecret = "0123456789abcdef0123456789abcdef";

const SigningKey& rsa() {
  static const SigningKey key = SigningKey::rsa();
  return key;
}

std::string problem(const std::string& content, const std::string& pinned = {}) {
  const auto set = KeySet::parse(content, pinned);
  EXPECT_FALSE(set) << content;
  return set ? "" : set.error().detail;
}

/// Whether the set has a key for the token that has signed it.
Result<void> takes(const KeySet& keys, const std::string& compact) {
  const auto token = SignedToken::parse(compact);
  if (!token) return token.error();
  const auto key = keys.choose(*token);
  if (!key) return key.error();
  const auto claims = token->verify(*key);
  if (!claims) return claims.error();
  return {};
}

TEST(KeyFileTest, HoldsOnePublicKey) {
  for (const SigningKey& signer : {rsa(), SigningKey::ec()}) {
    const auto keys = KeySet::parse(signer.public_pem(), "");
    ASSERT_TRUE(keys) << keys.error().detail;
    EXPECT_TRUE(takes(*keys, signer.token("{}")));
    EXPECT_TRUE(takes(*keys, signer.token("{}", "any-kid"))) << "the key has no name";
    EXPECT_TRUE(KeySet::parse(signer.public_pem(), signer.algorithm()));
  }
  EXPECT_THAT(problem(rsa().public_pem(), "ES256"), HasSubstr("for RS256"));
  EXPECT_THAT(problem(rsa().public_pem(), "HS256"), HasSubstr("for RS256"))
      << "a public key is never a secret";
}

TEST(KeyFileTest, HoldsASharedSecretOnlyWhenAskedTo) {
  for (const char* end : {"", "\n", "\r\n"}) {
    const auto keys = KeySet::parse(kSecret + end, "HS256");
    ASSERT_TRUE(keys) << keys.error().detail;
    EXPECT_TRUE(takes(*keys, SigningKey::secret(kSecret).token("{}")));
  }
  EXPECT_THAT(problem(kSecret), HasSubstr("--jwt-algorithm HS256"));
  EXPECT_THAT(problem("short", "HS256"), HasSubstr("at least 32"));
  EXPECT_THAT(problem(""), HasSubstr("empty"));
  EXPECT_THAT(problem("\n \n"), HasSubstr("empty"));
}

TEST(KeyFileTest, SaysWhatElseItIs) {
  EXPECT_THAT(problem(rsa().private_pem()), HasSubstr("openssl pkey"));
  EXPECT_THAT(problem(rsa().public_pem() + rsa().public_pem()), HasSubstr("JWKS"));
  EXPECT_THAT(problem("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"),
              HasSubstr("openssl x509"));
  EXPECT_THAT(problem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
              HasSubstr("damaged"));
  EXPECT_THAT(problem(SigningKey::ec("P-384").public_pem()), HasSubstr("another curve than P-256"));
  EXPECT_THAT(problem(SigningKey::ec("secp256k1").public_pem()), HasSubstr("another curve"));
}

TEST(KeyFileTest, HoldsAJwksThatSaysTheAlgorithmsItself) {
  const std::string set = jwks({rsa().jwk(R"("kid":"a")")});
  EXPECT_TRUE(KeySet::parse(set, ""));
  EXPECT_TRUE(KeySet::parse("\n " + set, ""));
  EXPECT_TRUE(KeySet::parse(rsa().jwk(), "")) << "one key by itself";
  EXPECT_THAT(problem(set, "RS256"), HasSubstr("leave --jwt-algorithm out"));
}

TEST(JwksTest, TheKidChoosesTheKey) {
  const SigningKey first = SigningKey::ec();
  const SigningKey second = SigningKey::ec();
  const KeySet keys =
      *parse_jwks(jwks({first.jwk(R"("kid":"1")"), second.jwk(R"("kid":"2")"), rsa().jwk()}));
  EXPECT_EQ(keys.size(), 3U);
  EXPECT_TRUE(takes(keys, first.token("{}", "1")));
  EXPECT_TRUE(takes(keys, second.token("{}", "2")));
  EXPECT_THAT(takes(keys, second.token("{}", "1")).error().detail, HasSubstr("signature is wrong"));
  EXPECT_THAT(takes(keys, first.token("{}", "3")).error().detail, HasSubstr("kid"));
  EXPECT_THAT(takes(keys, first.token("{}")).error().detail, HasSubstr("does not say which key"));
  EXPECT_TRUE(takes(keys, rsa().token("{}"))) << "the only one for RS256";
  EXPECT_THAT(takes(keys, SigningKey::secret(kSecret).token("{}")).error().detail,
              HasSubstr("no key for the token's alg"));
}

TEST(JwksTest, AKeyThatIsNamedIsNotForOtherNames) {
  const KeySet keys = *parse_jwks(jwks({rsa().jwk(R"("kid":"1")")}));
  EXPECT_TRUE(takes(keys, rsa().token("{}")));
  EXPECT_FALSE(takes(keys, rsa().token("{}", "other")));
}

TEST(JwksTest, KeysForSomethingElseArePassedOver) {
  const KeySet keys = *parse_jwks(
      jwks({rsa().jwk(R"("kid":"1","use":"enc")"), rsa().jwk(R"("kid":"2","alg":"RS512")"),
            rsa().jwk(R"("kid":"3","key_ops":["encrypt"])"),
            R"({"kty":"OKP","crv":"Ed25519","x":"AA","kid":"4"})",
            R"({"kty":"EC","crv":"P-384","x":"AA","y":"AA","kid":"5"})",
            rsa().jwk(R"("kid":"6","use":"sig","alg":"RS256","key_ops":["verify"],"x5t":"AA")")}));
  EXPECT_EQ(keys.size(), 1U);
  EXPECT_TRUE(takes(keys, rsa().token("{}", "6")));
  EXPECT_FALSE(takes(keys, rsa().token("{}", "1")));
  const auto none = parse_jwks(jwks({rsa().jwk(R"("use":"enc")")}));
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().detail, HasSubstr("no key is for signatures"));
}

TEST(JwksTest, SaysWhichKeyIsWrong) {
  const auto detail = [](const std::string& second) {
    return parse_jwks(jwks({rsa().jwk(R"("kid":"1")"), second})).error().detail;
  };
  EXPECT_THAT(detail("17"), HasSubstr("keys[1]: not an object"));
  EXPECT_THAT(detail(rsa().jwk(R"("kid":"1")")), HasSubstr("keys[1]: its \"kid\""));
  EXPECT_THAT(detail(rsa().jwk(R"("kid":2)")), HasSubstr("not a string"));
  EXPECT_THAT(detail(rsa().jwk(R"("d":"AA")")), HasSubstr("private key"));
  EXPECT_THAT(detail(R"({"kty":"RSA","e":"AQAB"})"), HasSubstr("\"n\" is missing"));
  EXPECT_THAT(detail(R"({"kty":"RSA","n":"A=AA","e":"AQAB"})"), HasSubstr("not base64url"));
  EXPECT_THAT(detail(R"({"kty":"RSA","n":"AQAB","e":"AQAB"})"), HasSubstr("bits"));
  EXPECT_THAT(detail(R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})"), HasSubstr("32 bytes"));
  EXPECT_THAT(detail(R"({"kty":"oct","k":"AAAA"})"), HasSubstr("at least 32"));
}

TEST(JwksTest, IsAJsonObject) {
  for (const std::string& text :
       {std::string("{"), std::string("[]"), std::string(R"({"keys":{}})"),
        std::string(R"({"keys":[]})"), std::string(R"({"keys":[],"keys":[]})"), std::string("{}"),
        std::string(100'000, '['), R"({"keys":)" + std::string(100'000, '[')}) {
    EXPECT_FALSE(parse_jwks(text)) << text.substr(0, 40);
  }
  std::vector<std::string> many;
  for (int i = 0; i < 101; ++i) many.push_back(rsa().jwk(R"("kid":")" + std::to_string(i) + "\""));
  EXPECT_THAT(parse_jwks(jwks(many)).error().detail, HasSubstr("at most 100"));
}

TEST(KeySetTest, KnowsItsKeysByFingerprint) {
  const KeySet keys = *KeySet::parse(rsa().public_pem(), "");
  EXPECT_TRUE(keys.has(parse_pem(rsa().public_pem())->fingerprint()));
  EXPECT_TRUE(parse_jwks(rsa().jwk())->has(parse_pem(rsa().public_pem())->fingerprint()))
      << "the same key, whichever way it comes";
  EXPECT_FALSE(keys.has(parse_pem(SigningKey::ec().public_pem())->fingerprint()));
}

}  // namespace
}  // namespace stampede::auth
