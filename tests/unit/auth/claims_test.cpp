// RFC 7519, section 4.1: the registered claims, one by one, and `rooms`.
#include "shared/auth/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stampede::auth {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr Seconds kNow{1'700'000'000};

class ClaimsTest : public testing::Test {
 protected:
  static std::string with(const std::string& more) {
    return R"({"sub":"ann","exp":1700000060)" + (more.empty() ? "" : "," + more) + "}";
  }
  Result<Principal> read(const std::string& json) { return read_claims(json, rules_, kNow); }
  Error error(const std::string& json) {
    const auto principal = read(json);
    EXPECT_FALSE(principal) << json;
    return principal ? Error() : principal.error();
  }

  ClaimRules rules_{
      {}, {}, Seconds(10), std::make_shared<const Rights>(*parse_rights("lobby=read"))};
};

TEST_F(ClaimsTest, ATokenIsItsSubject) {
  const auto principal =
      read(with(R"("iat":1699999000,"jti":"t-1","name":"Ann","nested":{"a":[]})"));
  ASSERT_TRUE(principal) << principal.error().detail;
  EXPECT_EQ(principal->user, UserId("ann"));
  EXPECT_EQ(principal->token_id, "t-1");
  EXPECT_EQ(principal->expires_at, Seconds(1'700'000'060));
  EXPECT_EQ(principal->issued_at, Seconds(1'699'999'000));
  EXPECT_EQ(principal->source, Principal::Source::kToken);
  EXPECT_FALSE(read(with(""))->issued_at);
  EXPECT_TRUE(read(with(""))->token_id.empty());
}

// 4.1.1: a case-sensitive string.
TEST_F(ClaimsTest, IssuerMustBeTheOneWanted) {
  EXPECT_TRUE(read(with(R"("iss":"whoever")")));
  rules_.issuer = "https://id.example";
  EXPECT_TRUE(read(with(R"("iss":"https://id.example")")));
  for (const char* other : {R"("iss":"https://id.example/")", R"("iss":"https://ID.example")",
                            R"("iss":["https://id.example"])", R"("iss":null)"}) {
    EXPECT_TRUE(error(with(other)).is(Errc::kDenied));
    EXPECT_THAT(error(with(other)).detail, HasSubstr("another issuer (iss)"));
  }
  EXPECT_THAT(error(with("")).detail, HasSubstr("iss is missing"));
}

// 4.1.2: who processes the token has to identify itself with it.
TEST_F(ClaimsTest, SubjectIsAUserName) {
  EXPECT_THAT(error(R"({"exp":1700000060})").detail, HasSubstr("sub is missing"));
  EXPECT_THAT(error(R"({"sub":7,"exp":1700000060})").detail, HasSubstr("sub"));
  EXPECT_THAT(error(R"({"sub":"","exp":1700000060})").detail, HasSubstr("sub: "));
  EXPECT_THAT(error(R"({"sub":"a\nb","exp":1700000060})").detail, HasSubstr("sub: "));
  EXPECT_THAT(error(R"({"sub":"a\u0000b","exp":1700000060})").detail, HasSubstr("sub: "));
  EXPECT_EQ(read(R"({"sub":"\u00fcmit","exp":1700000060})")->user, UserId("\xc3\xbcmit"));
}

// 4.1.3: a string, or an array of strings of which one is ours.
TEST_F(ClaimsTest, AudienceMustHaveUs) {
  EXPECT_TRUE(read(with(R"("aud":"somebody")")));
  rules_.audience = "stampede";
  EXPECT_TRUE(read(with(R"("aud":"stampede")")));
  EXPECT_TRUE(read(with(R"("aud":["other","stampede"])")));
  for (const char* other : {R"("aud":"other")", R"("aud":["other"])", R"("aud":[])",
                            R"("aud":"stampede2")", R"("aud":[["stampede"]])", R"("aud":1)"}) {
    EXPECT_TRUE(error(with(other)).is(Errc::kDenied)) << other;
    EXPECT_THAT(error(with(other)).detail, HasSubstr("another audience (aud)")) << other;
  }
  EXPECT_THAT(error(with("")).detail, HasSubstr("aud is missing"));
}

// 4.1.4: not on or after this time, give or take the leeway.
TEST_F(ClaimsTest, ExpirationIsChecked) {
  const auto at = [](const std::string& exp) { return R"({"sub":"ann","exp":)" + exp + "}"; };
  EXPECT_TRUE(read(at("1700000000")));
  EXPECT_TRUE(read(at("1699999991")));
  EXPECT_TRUE(read(at("1699999990.001")));
  EXPECT_FALSE(read(at("1699999990")));
  EXPECT_TRUE(error(at("1600000000")).is(Errc::kDenied));
  EXPECT_THAT(error(at("1600000000")).detail, HasSubstr("expired (exp)"));
  EXPECT_THAT(error(R"({"sub":"ann"})").detail, HasSubstr("exp is missing"));
  for (const char* odd : {"\"1700000060\"", "null", "-1", "true", "[]"}) {
    EXPECT_THAT(error(at(odd)).detail, HasSubstr("exp is not a number of seconds")) << odd;
  }
  EXPECT_TRUE(read(at("1e300"))) << "far away, and no overflow";
  EXPECT_TRUE(read(at("18446744073709551615")));
}

// 4.1.5: not before this time, give or take the leeway.
TEST_F(ClaimsTest, NotBeforeIsChecked) {
  EXPECT_TRUE(read(with(R"("nbf":1700000010)")));
  EXPECT_TRUE(error(with(R"("nbf":1700000011)")).is(Errc::kDenied));
  EXPECT_THAT(error(with(R"("nbf":1700000011)")).detail, HasSubstr("not valid yet (nbf)"));
  EXPECT_THAT(error(with(R"("nbf":"now")")).detail, HasSubstr("nbf is not a number"));
}

// 4.1.6. What is issued in the future would outlive a revocation of its user.
TEST_F(ClaimsTest, IssuedAtIsNotInTheFuture) {
  EXPECT_TRUE(read(with(R"("iat":1700000010)")));
  EXPECT_THAT(error(with(R"("iat":1700000011)")).detail, HasSubstr("from the future (iat)"));
  EXPECT_THAT(error(with(R"("iat":{})")).detail, HasSubstr("iat is not a number"));
}

// 4.1.7.
TEST_F(ClaimsTest, TokenIdIsAString) {
  EXPECT_TRUE(read(with(R"("jti":")" + std::string(200, 'x') + "\"")));
  EXPECT_THAT(error(with(R"("jti":")" + std::string(201, 'x') + "\"")).detail,
              HasSubstr("jti is not a string of at most 200 bytes"));
  EXPECT_THAT(error(with(R"("jti":5)")).detail, HasSubstr("jti"));
}

TEST_F(ClaimsTest, RoomsSayWhatIsAllowed) {
  const auto principal = read(with(
      R"("rooms":[{"match":"lecture.*","can":["read","send"]},{"match":"*","can":["presence"]}])"));
  ASSERT_TRUE(principal) << principal.error().detail;
  EXPECT_EQ(principal->rights->str(), "lecture.*=read,send;*=presence");
  EXPECT_EQ(read(with(""))->rights->str(), "lobby=read") << "the default";
  EXPECT_EQ(read(with(R"("rooms":[])"))->rights->str(), "none") << "and not the default";
  EXPECT_EQ(read(with(R"("rooms":[{"match":"*","can":[]}])"))->rights->str(), "none");
}

TEST_F(ClaimsTest, RoomsSayWhatIsWrong) {
  const auto detail = [this](const std::string& rooms) {
    return error(with(R"("rooms":)" + rooms)).detail;
  };
  EXPECT_THAT(detail(R"({"match":"*","can":["read"]})"), HasSubstr("rooms is no array"));
  EXPECT_THAT(detail("null"), HasSubstr("rooms is no array"));
  EXPECT_THAT(detail(R"(["*"])"), HasSubstr("rooms[0]: not an object"));
  EXPECT_THAT(detail(R"([{"can":["read"]}])"), HasSubstr("rooms[0]: match is no string"));
  EXPECT_THAT(detail(R"([{"match":"a b","can":[]}])"), HasSubstr("rooms[0]: match: rooms are"));
  EXPECT_THAT(detail(R"([{"match":"*"}])"), HasSubstr("rooms[0]: can is no array"));
  EXPECT_THAT(detail(R"([{"match":"*","can":"read"}])"), HasSubstr("can is no array"));
  EXPECT_THAT(detail(R"([{"match":"*","can":["read"]},{"match":"*","can":["write"]}])"),
              HasSubstr("rooms[1]: can: a verb is read, send, presence or direct"));
  EXPECT_THAT(detail(R"([{"match":"*","can":[1]}])"), HasSubstr("rooms[0]: can: a verb is"));
  std::string many;
  for (int i = 0; i < 257; ++i)
    many += (i == 0 ? "" : ",") + std::string(R"({"match":"*","can":["read"]})");
  EXPECT_THAT(detail("[" + many + "]"), HasSubstr("more than 256 rules"));
}

// Section 4: duplicates are refused, since readers disagree about which one counts.
TEST_F(ClaimsTest, AreOneJsonObject) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("null"),
        R"({"sub":"ann","exp":1700000060,"sub":"eve"})" + std::string(), with("") + "x",
        with("") + std::string(1, '\0'), std::string(100'000, '['), with("\"x\":\"\xff\"")}) {
    const Error wrong = error(text);
    EXPECT_TRUE(wrong.is(Errc::kInvalidArgument)) << text.substr(0, 80);
    EXPECT_THAT(wrong.detail, StartsWith("token: the claims are ")) << text.substr(0, 80);
  }
}

}  // namespace
}  // namespace stampede::auth
