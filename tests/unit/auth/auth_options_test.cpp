#include "shared/auth/auth_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shared/config/load.h"

namespace stampede::auth {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Read {
  AuthOptions options;
  std::vector<config::Problem> problems;
};

Read read(std::vector<std::string> arguments) {
  Read out;
  config::OptionTable table("test", "A program.");
  add_auth_options(table, out.options);
  config::Invocation invocation;
  invocation.arguments = std::move(arguments);
  out.problems = config::load(table, invocation,
                              [&](const config::OptionTable& filled, std::string_view,
                                  std::vector<config::Problem>& problems) {
                                check_auth_options(out.options, filled, problems);
                              })
                     .problems;
  return out;
}

/// The text of the only problem, behind where it came from.
std::string problem(std::vector<std::string> arguments) {
  const Read out = read(std::move(arguments));
  EXPECT_THAT(out.problems, SizeIs(1));
  return out.problems.empty() ? "" : out.problems[0].where + ": " + out.problems[0].text;
}

TEST(AuthOptionsTest, AreOffByDefault) {
  const Read out = read({});
  EXPECT_THAT(out.problems, IsEmpty());
  EXPECT_FALSE(out.options.enabled());
  EXPECT_EQ(out.options.default_rights.str(), "*=read,send,presence,direct");
}

TEST(AuthOptionsTest, AreOnWithUsersOrKeys) {
  EXPECT_TRUE(read({"--users-file", "users"}).options.enabled());
  const Read out =
      read({"--jwt-keys", "keys", "--jwt-algorithm", "HS256", "--jwt-issuer", "https://id.example",
            "--default-rights", "lobby=read", "--token-grace", "1m"});
  EXPECT_THAT(out.problems, IsEmpty());
  EXPECT_TRUE(out.options.enabled());
  EXPECT_EQ(out.options.jwt_algorithm, "HS256");
  EXPECT_EQ(out.options.default_rights.str(), "lobby=read");
  EXPECT_EQ(out.options.token_grace, Milliseconds(60'000));
}

TEST(AuthOptionsTest, SayWhatIsAllowed) {
  EXPECT_THAT(problem({"--jwt-keys", "k", "--jwt-algorithm", "none"}),
              HasSubstr("--jwt-algorithm: \"none\": allowed are HS256, RS256, ES256"));
  EXPECT_THAT(problem({"--default-rights", "*=write"}),
              HasSubstr("rule \"*=write\": a verb is read, send, presence or direct"));
  EXPECT_THAT(problem({"--revocation-ttl", "1s"}), HasSubstr("--revocation-ttl"));
}

TEST(AuthOptionsTest, BelongTogether) {
  EXPECT_THAT(problem({"--jwt-audience", "chat"}),
              HasSubstr("--jwt-audience: says something about tokens"));
  EXPECT_THAT(read({"--jwt-issuer", "a", "--jwt-algorithm", "RS256"}).problems, SizeIs(2));
  EXPECT_THAT(problem({"--login-delay", "20s"}),
              HasSubstr("--login-delay-max: 10s is less than --login-delay 20s"));
}

}  // namespace
}  // namespace stampede::auth
