#include "shared/auth/presented.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stampede::auth {
namespace {

using ::testing::HasSubstr;

constexpr const char* kToken = "eyJhbGciOiJIUzI1NiJ9.e30.AA";

Presented read(const Credentials& credentials, bool tokens = true) {
  const auto presented = read_credentials(credentials, tokens);
  EXPECT_TRUE(presented) << presented.error().detail;
  return presented ? *presented : Presented();
}

TEST(PresentedTest, AHeaderOutranksLoginAndPasscode) {
  const Credentials both{"ann", "secret", std::string("Bearer ") + kToken, ""};
  EXPECT_EQ(std::get<PresentedToken>(read(both)).compact, kToken);
}

TEST(PresentedTest, SchemesAreComparedWithoutCase) {
  for (const char* scheme : {"Bearer", "bearer", "BEARER"}) {
    const auto shown = read({"", "", std::string(scheme) + "  " + kToken, ""});
    EXPECT_EQ(std::get<PresentedToken>(shown).compact, kToken);
  }
  const auto shown = read({"", "", "basic YW5uOnNlYzpyZXQ=", ""});
  EXPECT_EQ(std::get<PresentedPasscode>(shown).login, "ann");
  EXPECT_EQ(std::get<PresentedPasscode>(shown).passcode, "sec:ret");
}

TEST(PresentedTest, APasscodeMayBeAToken) {
  EXPECT_EQ(std::get<PresentedToken>(read({"ann", kToken, "", ""})).compact, kToken);
  const auto passcode = read({"ann", kToken, "", ""}, false);
  EXPECT_EQ(std::get<PresentedPasscode>(passcode).passcode, kToken) << "no tokens are taken";
  for (const char* other : {"secret", "eyJ", "a.b.c", "eyJ.b"}) {
    EXPECT_EQ(std::get<PresentedPasscode>(read({"ann", other, "", ""})).passcode, other);
  }
}

TEST(PresentedTest, NothingIsNothing) {
  EXPECT_EQ(std::get<PresentedNothing>(read({})).login, "");
  EXPECT_EQ(std::get<PresentedNothing>(read({"ann", "", "", ""})).login, "ann");
}

TEST(PresentedTest, SaysWhatIsWrongWithAHeader) {
  const auto detail = [](const std::string& value) {
    return read_credentials({"", "", value, ""}, true).error().detail;
  };
  EXPECT_THAT(detail("Digest x"), HasSubstr("Bearer <token> or Basic"));
  EXPECT_THAT(detail(kToken), HasSubstr("Bearer <token> or Basic"));
  EXPECT_THAT(detail("Basic ???"), HasSubstr("base64"));
  EXPECT_THAT(detail("Basic YW5u"), HasSubstr("name:passcode"));
  EXPECT_THAT(detail(" "), HasSubstr("Bearer"));
}

}  // namespace
}  // namespace stampede::auth
