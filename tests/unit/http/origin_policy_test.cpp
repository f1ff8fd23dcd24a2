#include "shared/http/origin_policy.h"

#include <gmock/gmock.h>

namespace stampede::test {
namespace {

using http::OriginPolicy;
using ::testing::HasSubstr;

TEST(OriginPolicyTest, WhatIsNoPageIsLetIn) {
  EXPECT_TRUE(OriginPolicy({}, false).check(std::nullopt, "chat.example"));
  EXPECT_TRUE(OriginPolicy({"https://a.example"}, false).check(std::nullopt, "chat.example"));
}

TEST(OriginPolicyTest, WithoutAListTheSameHostIsLetIn) {
  const OriginPolicy policy({}, false);
  EXPECT_TRUE(policy.check("https://chat.example", "chat.example"));
  EXPECT_TRUE(policy.check("https://chat.example", "Chat.Example"));
  EXPECT_TRUE(policy.check("https://chat.example", "chat.example:443"));
  EXPECT_TRUE(policy.check("http://chat.example", "chat.example:80"));
  EXPECT_TRUE(policy.check("http://192.0.2.1:8080", "192.0.2.1:8080"));
  EXPECT_TRUE(policy.check("http://[2001:db8::1]:8080", "[2001:db8::1]:8080"));
  EXPECT_TRUE(policy.check("http://[2001:db8::1]", "[2001:db8::1]"));
}

TEST(OriginPolicyTest, WithoutAListOtherHostsAreRefused) {
  const OriginPolicy policy({}, false);
  for (const std::string_view origin :
       {"https://evil.example", "https://chat.example.evil", "https://evil-chat.example",
        "https://chat.example:8443", "http://chat.example:443", "null", "", "https://",
        "chat.example", "http://localhost", "http://127.0.0.1"}) {
    EXPECT_FALSE(policy.check(origin, "chat.example")) << origin;
  }
  EXPECT_FALSE(policy.check("https://", ""));
}

TEST(OriginPolicyTest, OnLoopbackPagesOfThisMachineAreLetIn) {
  const OriginPolicy policy({}, true);
  for (const std::string_view origin :
       {"http://localhost:5173", "http://127.0.0.1:5173", "http://127.1.2.3", "http://[::1]:3000",
        "https://app.localhost"}) {
    EXPECT_TRUE(policy.check(origin, "127.0.0.1:8080")) << origin;
  }
  for (const std::string_view origin :
       {"https://evil.example", "http://127.0.0.1.evil.example", "http://localhost.evil", "null"}) {
    EXPECT_FALSE(policy.check(origin, "127.0.0.1:8080")) << origin;
  }
}

TEST(OriginPolicyTest, AListIsExactAndAll) {
  const OriginPolicy policy({"https://a.example", "null"}, true);
  EXPECT_TRUE(policy.check("https://a.example", "chat.example"));
  EXPECT_TRUE(policy.check("null", "chat.example"));
  for (const std::string_view origin :
       {"http://a.example", "https://a.example:8443", "https://b.a.example", "https://chat.example",
        "http://localhost"}) {
    EXPECT_FALSE(policy.check(origin, "chat.example")) << origin;
  }
}

TEST(OriginPolicyTest, AStarLetsEverybodyIn) {
  EXPECT_TRUE(OriginPolicy({"*"}, false).check("https://any.example", "chat.example"));
  EXPECT_TRUE(OriginPolicy({"*"}, false).check("null", "chat.example"));
}

TEST(OriginPolicyTest, TheRefusalSaysWhoIsLetIn) {
  const auto refused = OriginPolicy({}, false).check("https://evil.example", "chat.example");
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().is(Errc::kDenied));
  EXPECT_THAT(refused.error().detail, HasSubstr("'https://evil.example'"));
  EXPECT_THAT(refused.error().detail, HasSubstr("only pages of 'chat.example' are"));
  const auto unlisted = OriginPolicy({"https://a"}, false).check("https://evil\r\nX: y", "a");
  ASSERT_FALSE(unlisted);
  EXPECT_THAT(unlisted.error().detail, HasSubstr("the list of allowed origins has others only"));
  EXPECT_THAT(unlisted.error().detail, HasSubstr("evil??X: y"));
}

}  // namespace
}  // namespace stampede::test
