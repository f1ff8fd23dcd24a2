#include "shared/auth/users_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "shared/auth/passcode.h"
#include "tests/support/signing_key.h"

namespace stampede::auth {
namespace {

using test::cheap_hash;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string& hash() {
  static const std::string made = cheap_hash("secret");
  return made;
}

Result<Users> parse(const std::string& text) {
  return Users::parse(text, "users.txt",
                      std::make_shared<const Rights>(*parse_rights("lobby=read")));
}

std::string problem(const std::string& text) {
  const auto users = parse(text);
  EXPECT_FALSE(users) << text;
  return users ? "" : users.error().detail;
}

TEST(UsersFileTest, HasOneUserALine) {
  const auto users = parse("# who may come\n\nann:" + hash() + "\r\n  \nbob:" + hash() +
                           ":lecture:1=read,send;*=read\n\xc3\xbcmit:" + hash() + ":none");
  ASSERT_TRUE(users) << users.error().detail;
  EXPECT_EQ(users->size(), 3U);
  EXPECT_EQ(users->find("ann")->hash, hash());
  EXPECT_EQ(users->find("ann")->rights->str(), "lobby=read") << "the default";
  EXPECT_EQ(users->find("bob")->rights->str(), "lecture:1=read,send;*=read");
  EXPECT_EQ(users->find("\xc3\xbcmit")->rights->str(), "none");
  EXPECT_EQ(users->find("Ann"), nullptr);
  EXPECT_EQ(users->find(""), nullptr);
}

TEST(UsersFileTest, MayBeEmpty) {
  EXPECT_EQ(parse("")->size(), 0U);
  EXPECT_EQ(parse("# nobody\n")->decoy("ann"), nullptr);
}

TEST(UsersFileTest, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(problem("ann"), HasSubstr("users.txt:1: a line is name:hash"));
  EXPECT_THAT(problem("\n\n:" + hash()), HasSubstr("users.txt:3: the name: "));
  EXPECT_THAT(problem("a\tb:" + hash()), HasSubstr("the name: "));
  EXPECT_THAT(problem("ann:secret"), HasSubstr("users.txt:1: the hash is not argon2id"));
  EXPECT_THAT(problem("ann:$2y$10$abcdefghijklmnopqrstuv"), HasSubstr("hash-password"));
  EXPECT_THAT(problem("ann:" + hash().substr(0, 60)), HasSubstr("damaged or cut off"));
  EXPECT_THAT(problem("ann:" + hash() + ":*=write"),
              HasSubstr("users.txt:1: the rights: rule \"*=write\": a verb is"));
  EXPECT_THAT(problem("ann:" + hash() + ":"), HasSubstr("the rights: "));
  EXPECT_THAT(problem("ann:" + hash() + "\nann:" + hash()),
              HasSubstr("users.txt:2: there is a line for this name already"));
}

TEST(UsersFileTest, SaysEverythingThatIsWrongUpToABound) {
  EXPECT_THAT(
      problem("ann\nbob:" + hash() + "\neve"),
      AllOf(HasSubstr("users.txt:1: "), HasSubstr("; users.txt:3: "), Not(HasSubstr("more"))));
  std::string many;
  for (int i = 0; i < 15; ++i) many += "user\n";
  EXPECT_THAT(problem(many), AllOf(HasSubstr("users.txt:10: "), Not(HasSubstr("users.txt:11: ")),
                                   HasSubstr("and 5 more")));
}

TEST(UsersFileTest, NeverShowsAHashInAnError) {
  EXPECT_THAT(problem("ann:" + hash() + "!"), Not(HasSubstr(hash().substr(0, 30))));
}

TEST(UsersFileTest, StandInsAreTheSameEachTimeAndSpread) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += "user-" + std::to_string(i) + ":" + hash() + "\n";
  const Users users = *parse(text);
  std::set<const User*> used;
  for (int i = 0; i < 200; ++i) {
    const std::string name = "nobody-" + std::to_string(i);
    ASSERT_NE(users.decoy(name), nullptr);
    EXPECT_EQ(users.decoy(name), users.decoy(name));
    used.insert(users.decoy(name));
  }
  EXPECT_GT(used.size(), 10U);
}

TEST(PasscodeTest, FitsItsHashOnly) {
  const auto made = hash_passcode("correct horse");
  ASSERT_TRUE(made);
  EXPECT_TRUE(check_hash(*made));
  EXPECT_TRUE(passcode_fits(*made, "correct horse"));
  EXPECT_FALSE(passcode_fits(*made, "correct horse "));
  EXPECT_FALSE(passcode_fits(*made, ""));
  EXPECT_NE(*made, *hash_passcode("correct horse")) << "salted";
  EXPECT_THAT(*made, HasSubstr("$argon2id$v=19$m=65536,t=2,p=1$"));
}

TEST(PasscodeTest, HasALength) {
  EXPECT_THAT(hash_passcode("").error().detail, HasSubstr("empty"));
  EXPECT_THAT(hash_passcode(std::string(1025, 'x')).error().detail, HasSubstr("1024 bytes"));
}

TEST(PasscodeTest, AHashMayCostOnlySoMuch) {
  const std::string salt_and_hash = hash().substr(hash().find("$", hash().find("p=")));
  const auto with = [&](const std::string& cost) {
    return check_hash("$argon2id$v=19$" + cost + ",p=1" + salt_and_hash);
  };
  EXPECT_TRUE(with("m=262144,t=10"));
  EXPECT_THAT(with("m=262145,t=2").error().detail, HasSubstr("at most m=262144"));
  EXPECT_THAT(with("m=65536,t=11").error().detail, HasSubstr("t=10"));
  EXPECT_FALSE(with("m=99999999999999,t=2"));
  EXPECT_FALSE(with("m=,t=2"));
}

}  // namespace
}  // namespace stampede::auth
