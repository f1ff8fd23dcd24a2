// RFC 7515 (JWS), its appendix A, and what RFC 8725 (best practice for JWT) warns of.
#include "shared/auth/jose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shared/auth/crypto.h"
#include "shared/auth/key_set.h"
#include "tests/support/signing_key.h"

namespace stampede::auth {
namespace {

using test::base64url;
using test::SigningKey;
using ::testing::HasSubstr;

const std::string kSecret = "0123456789abcdef0123456789abcdef";

VerificationKey hs_key() { return *VerificationKey::from_secret(kSecret); }
SigningKey hs_signer() { return SigningKey::secret(kSecret); }
const SigningKey& rsa_signer() {
  static const SigningKey key = SigningKey::rsa();
  return key;
}

Result<std::string> verify(const std::string& token, const VerificationKey& key) {
  const auto parsed = SignedToken::parse(token);
  if (!parsed) return parsed.error();
  return parsed->verify(key);
}

// The example of RFC 7515, appendix A: one payload, signed three ways.
constexpr const char* kRfcPayload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";
constexpr const char* kRfcClaims =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

VerificationKey key_of(const std::string& jwk) {
  const auto set = parse_jwks(jwk);
  EXPECT_TRUE(set) << set.error().detail;
  return *set->choose(*SignedToken::parse(base64url(R"({"alg":"none"})") + ".e30."));
}

TEST(JoseRfc7515Test, A1Hs256) {
  const VerificationKey key = key_of(
      R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})");
  const auto claims = verify(std::string("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.") +
                                 kRfcPayload + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
                             key);
  ASSERT_TRUE(claims) << claims.error().detail;
  EXPECT_EQ(*claims, kRfcClaims);
}

TEST(JoseRfc7515Test, A2Rs256) {
  const VerificationKey key = key_of(
      R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})");
  const auto claims = verify(
      std::string("eyJhbGciOiJSUzI1NiJ9.") + kRfcPayload +
          ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
          "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNP"
          "vkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1ph"
          "CnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
      key);
  ASSERT_TRUE(claims) << claims.error().detail;
  EXPECT_EQ(*claims, kRfcClaims);
}

TEST(JoseRfc7515Test, A3Es256) {
  const VerificationKey key = key_of(
      R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})");
  const auto claims =
      verify(std::string("eyJhbGciOiJFUzI1NiJ9.") + kRfcPayload +
                 ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-"
                 "Kg6NU1Q",
             key);
  ASSERT_TRUE(claims) << claims.error().detail;
  EXPECT_EQ(*claims, kRfcClaims);
}

TEST(JoseRfc7515Test, A5UnsecuredIsNeverTaken) {
  const std::string token = std::string("eyJhbGciOiJub25lIn0.") + kRfcPayload + ".";
  for (const VerificationKey& key : {hs_key(), *parse_pem(rsa_signer().public_pem()),
                                     *parse_pem(SigningKey::ec().public_pem())}) {
    const auto claims = verify(token, key);
    ASSERT_FALSE(claims);
    EXPECT_TRUE(claims.error().is(Errc::kDenied));
  }
}

TEST(SignedTokenTest, TakesEachAlgorithmWithItsKey) {
  for (const SigningKey& signer : {hs_signer(), rsa_signer(), SigningKey::ec()}) {
    const KeySet keys = *parse_jwks(signer.jwk());
    const auto token = SignedToken::parse(signer.token(R"({"sub":"ann"})", "k1"));
    ASSERT_TRUE(token) << token.error().detail;
    EXPECT_EQ(token->algorithm(), signer.algorithm());
    EXPECT_EQ(token->key_id(), "k1");
    const auto claims = token->verify(*keys.choose(*token));
    ASSERT_TRUE(claims) << signer.algorithm() << claims.error().detail;
    EXPECT_EQ(*claims, R"({"sub":"ann"})");
  }
}

TEST(SignedTokenTest, OtherVariantsOfNoneAreNoAlgorithm) {
  for (const char* alg : {"None", "NONE", "nOnE", ""}) {
    const auto token = SignedToken::parse(base64url(std::string(R"({"alg":")") + alg + "\"}") +
                                          "." + base64url("{}") + ".");
    ASSERT_FALSE(token) << alg;
    EXPECT_THAT(token.error().detail, HasSubstr("alg"));
  }
}

// The classic: the public key, which everybody has, used as the secret of an HMAC.
TEST(SignedTokenTest, AnRsaKeyIsNeverASecret) {
  const SigningKey confused = SigningKey::secret(rsa_signer().public_pem());
  const auto claims = verify(confused.token("{}"), *parse_pem(rsa_signer().public_pem()));
  ASSERT_FALSE(claims);
  EXPECT_TRUE(claims.error().is(Errc::kDenied));
  EXPECT_THAT(claims.error().detail, HasSubstr("for RS256"));
}

TEST(SignedTokenTest, TheAlgorithmIsTheKeys) {
  // Same key, same family, other hash: signed correctly, and yet not what the key is for.
  const auto other = [](const char* alg) {
    return hs_signer().token_with_header(std::string(R"({"alg":")") + alg + "\"}", "{}");
  };
  for (const char* alg : {"HS384", "HS512", "RS256", "ES256", "PS256", "hs256"}) {
    EXPECT_FALSE(verify(other(alg), hs_key())) << alg;
  }
  EXPECT_TRUE(verify(other("HS256"), hs_key()));
}

TEST(SignedTokenTest, AnotherKeyOrAChangedPartIsRefused) {
  const SigningKey ec = SigningKey::ec();
  const std::string good = ec.token(R"({"sub":"ann"})");
  ASSERT_TRUE(verify(good, *parse_pem(ec.public_pem())));
  EXPECT_FALSE(verify(good, *parse_pem(SigningKey::ec().public_pem())));
  const std::size_t dot = good.find('.');
  const std::string signature = good.substr(good.rfind('.'));
  EXPECT_FALSE(verify(good.substr(0, dot + 1) + base64url(R"({"sub":"eve"})") + signature,
                      *parse_pem(ec.public_pem())));
  EXPECT_FALSE(
      verify(base64url(R"({"alg":"ES256"})") + good.substr(dot), *parse_pem(ec.public_pem())))
      << "the header is signed, too";
}

TEST(SignedTokenTest, SignaturesOfAnotherLengthAreRefused) {
  for (const SigningKey& signer : {hs_signer(), rsa_signer(), SigningKey::ec()}) {
    const VerificationKey key = key_of(signer.jwk());
    const std::string good = signer.token("{}");
    const std::string head = good.substr(0, good.rfind('.') + 1);
    const std::string raw = *decode_base64url(good.substr(head.size()));
    for (std::size_t size = 0; size < raw.size(); ++size) {
      EXPECT_FALSE(verify(head + base64url(raw.substr(0, size)), key)) << size;
    }
    EXPECT_FALSE(verify(head + base64url(raw + '\0'), key));
    EXPECT_FALSE(verify(head + base64url(std::string(raw.size(), '\0')), key));
    EXPECT_TRUE(verify(good, key));
  }
}

TEST(SignedTokenTest, EveryTruncationIsRefused) {
  const std::string good = hs_signer().token(R"({"sub":"ann"})");
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(verify(good.substr(0, size), hs_key())) << size;
  }
}

TEST(SignedTokenTest, HasThreePartsOfBase64url) {
  const auto detail = [](const std::string& text) {
    return SignedToken::parse(text).error().detail;
  };
  const std::string header = base64url(R"({"alg":"HS256"})");
  for (const std::string& text : {std::string(), header, header + ".e30", header + ".e30.AA.AA",
                                  std::string("..."), std::string("not a token")}) {
    EXPECT_THAT(detail(text), testing::AnyOf(HasSubstr("three parts"), HasSubstr("base64url")))
        << text;
  }
  EXPECT_THAT(detail(header + ".e30=.AA"), HasSubstr("part 2 of the token is not base64url"));
  EXPECT_THAT(detail(header + ".e30.A=AA"), HasSubstr("part 3"));
  EXPECT_THAT(detail(header + ".e30.a+/a"), HasSubstr("part 3"));
  EXPECT_THAT(detail(header + ".e30.A"), HasSubstr("part 3"));
  EXPECT_THAT(detail(std::string("e\0", 2) + ".e30.AA"), HasSubstr("part 1"));
}

TEST(SignedTokenTest, HasAJsonObjectAsHeader) {
  for (const char* header : {"", "x", "[]", "\"alg\"", "{}", R"({"alg":1})", R"({"alg":null})",
                             R"({"alg":"HS256")", R"(["alg","HS256"])"}) {
    const auto token = SignedToken::parse(base64url(header) + ".e30.AA");
    ASSERT_FALSE(token) << header;
    EXPECT_THAT(token.error().detail, HasSubstr("header")) << header;
  }
  const std::string deep(2000, '[');
  EXPECT_FALSE(SignedToken::parse(base64url(R"({"alg":)" + deep) + ".e30.AA"));
}

// RFC 7515, section 4.1.11: what must be understood and is not makes the token invalid.
TEST(SignedTokenTest, CriticalExtensionsAreNotKnown) {
  const auto token = SignedToken::parse(hs_signer().token_with_header(
      R"({"alg":"HS256","crit":["b64"],"b64":false})", R"({"sub":"ann"})"));
  ASSERT_FALSE(token);
  EXPECT_THAT(token.error().detail, HasSubstr("crit"));
}

// RFC 9068 has access tokens say so; RFC 7519 leaves the case of `typ` free.
TEST(SignedTokenTest, AnyTypeWillDo) {
  for (const char* type : {"JWT", "jwt", "at+jwt", "application/at+jwt"}) {
    EXPECT_TRUE(verify(hs_signer().token_with_header(
                           std::string(R"({"alg":"HS256","typ":")") + type + "\"}", "{}"),
                       hs_key()))
        << type;
  }
}

TEST(SignedTokenTest, IsBounded) {
  const std::string most = hs_signer().token(
      R"({"sub":")" + std::string((SignedToken::kMaxBytes - 100) / 4 * 3 - 12, 'a') + "\"}");
  ASSERT_LE(most.size(), SignedToken::kMaxBytes);
  EXPECT_TRUE(verify(most, hs_key()));
  const auto more = SignedToken::parse(most + std::string(SignedToken::kMaxBytes, 'A'));
  ASSERT_FALSE(more);
  EXPECT_TRUE(more.error().is(Errc::kTooLarge));
  EXPECT_THAT(more.error().detail, HasSubstr("allowed are 8192"));
}

TEST(VerificationKeyTest, WeakKeysAreRefused) {
  const auto secret = VerificationKey::from_secret(std::string(31, 'x'));
  ASSERT_FALSE(secret);
  EXPECT_THAT(secret.error().detail, HasSubstr("31 bytes; HS256 needs at least 32"));
  const auto rsa = parse_pem(SigningKey::rsa(1024).public_pem());
  ASSERT_FALSE(rsa);
  EXPECT_THAT(rsa.error().detail, HasSubstr("1024 bits; allowed are 2048 to 8192"));
  const std::string modulus = "\xff" + std::string(255, '\x01');
  for (const std::string& exponent : {std::string(), std::string("\1"), std::string("\2"),
                                      std::string("\0\1", 2), std::string(9, '\3')}) {
    EXPECT_FALSE(VerificationKey::from_rsa(modulus, exponent));
  }
  EXPECT_FALSE(VerificationKey::from_rsa(std::string(10, '\0') + std::string(200, '\3'), "\3"))
      << "leading zeros are no bits";
}

TEST(VerificationKeyTest, APointOffTheCurveIsRefused) {
  const auto key = VerificationKey::from_p256(std::string(32, '\1'), std::string(32, '\1'));
  ASSERT_FALSE(key);
  EXPECT_THAT(key.error().detail, HasSubstr("no point of the curve"));
  EXPECT_FALSE(VerificationKey::from_p256(std::string(32, '\0'), std::string(32, '\0')));
  EXPECT_FALSE(VerificationKey::from_p256(std::string(31, '\1'), std::string(32, '\1')));
}

}  // namespace
}  // namespace stampede::auth
