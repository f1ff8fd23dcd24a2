#include "shared/auth/credential_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/signing_key.h"
#include "tests/support/temporary_directory.h"

namespace stampede::auth {
namespace {

using test::cheap_hash;
using test::SigningKey;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CredentialFilesTest : public testing::Test {
 protected:
  double usable(const std::string& file) {
    return metrics_.gauge("stampede_auth_file_usable", "", {{"file", file}}).value();
  }
  double reloads(const std::string& file, const std::string& outcome) {
    return metrics_
        .counter("stampede_auth_reloads_total", "", {{"file", file}, {"outcome", outcome}})
        .value();
  }

  test::TemporaryDirectory directory_;
  Metrics metrics_;
  AuthOptions options_;
  const std::string hash_ = cheap_hash("secret");
};

TEST_F(CredentialFilesTest, KnowNothingOfWhatIsNotConfigured) {
  CredentialFiles files(options_, metrics_);
  const auto refreshed = files.refresh();
  EXPECT_FALSE(refreshed.changed);
  EXPECT_THAT(refreshed.problems, IsEmpty());
  EXPECT_EQ(files.known().users, nullptr);
  EXPECT_EQ(files.known().keys, nullptr);
  EXPECT_EQ(files.known().admin_key, nullptr);
}

TEST_F(CredentialFilesTest, ReadWhatHasChangedOnly) {
  options_.users_file = directory_.write("users", "ann:" + hash_ + "\n");
  options_.admin_key_file = directory_.write("admin", std::string(32, 'k') + "\n");
  CredentialFiles files(options_, metrics_);
  EXPECT_TRUE(files.refresh().changed);
  const auto users = files.known().users;
  ASSERT_NE(users, nullptr);
  EXPECT_NE(users->find("ann"), nullptr);
  EXPECT_EQ(*files.known().admin_key, std::string(32, 'k'));
  EXPECT_FALSE(files.refresh().changed);
  EXPECT_EQ(files.known().users, users);
  directory_.write("users", "bob:" + hash_ + "\n");
  EXPECT_TRUE(files.refresh().changed);
  EXPECT_EQ(files.known().users->find("ann"), nullptr);
  EXPECT_NE(files.known().users->find("bob"), nullptr);
  EXPECT_NE(users->find("ann"), nullptr) << "who still looks at the old content may";
  EXPECT_EQ(reloads("users", "loaded"), 2);
}

TEST_F(CredentialFilesTest, AFileWrittenInPlaceIsReadToo) {
  options_.users_file = directory_.write("users", "ann:" + hash_ + "\n");
  CredentialFiles files(options_, metrics_);
  files.refresh();
  std::ofstream(options_.users_file, std::ios::app) << "bob:" << hash_ << "\n";
  EXPECT_TRUE(files.refresh().changed);
  EXPECT_EQ(files.known().users->size(), 2U);
}

TEST_F(CredentialFilesTest, WhatCannotBeUsedKeepsItsLastContent) {
  options_.users_file = directory_.write("users", "ann:" + hash_ + "\n");
  CredentialFiles files(options_, metrics_);
  files.refresh();
  EXPECT_EQ(usable("users"), 1);
  directory_.write("users", "ann:" + hash_ + "\nbroken\n");
  const auto broken = files.refresh();
  EXPECT_FALSE(broken.changed);
  ASSERT_THAT(broken.problems, SizeIs(1));
  EXPECT_THAT(broken.problems[0].detail, HasSubstr(options_.users_file + ":2: a line is"));
  EXPECT_NE(files.known().users->find("ann"), nullptr);
  EXPECT_EQ(usable("users"), 0);
  EXPECT_EQ(reloads("users", "failed"), 1);
  EXPECT_THAT(files.refresh().problems, IsEmpty()) << "said once";
  std::filesystem::remove(options_.users_file);
  const auto gone = files.refresh();
  ASSERT_THAT(gone.problems, SizeIs(1));
  EXPECT_THAT(gone.problems[0].detail, HasSubstr("No such file"));
  EXPECT_NE(files.known().users->find("ann"), nullptr);
  directory_.write("users", "");
  EXPECT_TRUE(files.refresh().changed);
  EXPECT_EQ(usable("users"), 1);
  EXPECT_EQ(files.known().users->size(), 0U);
}

TEST_F(CredentialFilesTest, OneFilesTroubleIsNotTheOthers) {
  options_.users_file = directory_.write("users", "broken\n");
  options_.jwt_keys = directory_.write("keys", SigningKey::ec().public_pem());
  CredentialFiles files(options_, metrics_);
  const auto refreshed = files.refresh();
  EXPECT_TRUE(refreshed.changed);
  EXPECT_THAT(refreshed.problems, SizeIs(1));
  EXPECT_NE(files.known().keys, nullptr);
}

TEST_F(CredentialFilesTest, ProblemsNameTheFile) {
  options_.jwt_keys = directory_.write("keys", "what is this");
  options_.admin_key_file = directory_.write("admin", "short");
  options_.users_file = directory_ / "missing";
  CredentialFiles files(options_, metrics_);
  const auto problems = files.refresh().problems;
  ASSERT_THAT(problems, SizeIs(3));
  EXPECT_THAT(problems[0].detail, HasSubstr(options_.users_file + ": No such file"));
  EXPECT_THAT(problems[1].detail, HasSubstr(options_.jwt_keys + ": it is neither a JWKS"));
  EXPECT_THAT(problems[2].detail, HasSubstr(options_.admin_key_file + ": the key is one line"));
}

TEST_F(CredentialFilesTest, WhatIsNoFileIsAProblem) {
  options_.users_file = directory_ / "";
  CredentialFiles files(options_, metrics_);
  ASSERT_THAT(files.refresh().problems, SizeIs(1));
  EXPECT_THAT(read_file(directory_.write("big", std::string(11, 'x')), 10).error().detail,
              HasSubstr("more than 10 bytes"));
}

TEST_F(CredentialFilesTest, KeysRotate) {
  const SigningKey first = SigningKey::ec();
  const SigningKey second = SigningKey::ec();
  const auto knows = [](const Known& known, const SigningKey& signer) {
    return known.keys->has(parse_pem(signer.public_pem())->fingerprint());
  };
  options_.jwt_keys = directory_.write("jwks", test::jwks({first.jwk(R"("kid":"1")")}));
  CredentialFiles files(options_, metrics_);
  files.refresh();
  directory_.write("jwks", test::jwks({first.jwk(R"("kid":"1")"), second.jwk(R"("kid":"2")")}));
  files.refresh();
  EXPECT_TRUE(knows(files.known(), first));
  EXPECT_TRUE(knows(files.known(), second));
  directory_.write("jwks", test::jwks({second.jwk(R"("kid":"2")")}));
  files.refresh();
  EXPECT_FALSE(knows(files.known(), first));
  EXPECT_TRUE(knows(files.known(), second));
}

}  // namespace
}  // namespace stampede::auth
