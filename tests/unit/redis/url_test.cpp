#include "shared/adapters/redis/url.h"

#include <gmock/gmock.h>

namespace stampede::redis {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(RedisUrlTest, ReadsAPlainHost) {
  const auto server = parse_redis_url("redis://cache.example");
  ASSERT_TRUE(server) << server.error().detail;
  EXPECT_EQ(server->host, "cache.example");
  EXPECT_EQ(server->port, 6379);
  EXPECT_EQ(server->database, 0);
  EXPECT_EQ(server->user, "");
  EXPECT_EQ(server->password, "");
}

TEST(RedisUrlTest, ReadsEveryPart) {
  const auto server = parse_redis_url("redis://chat:p%40ss%3aword@10.0.0.7:7000/12");
  ASSERT_TRUE(server) << server.error().detail;
  EXPECT_EQ(server->host, "10.0.0.7");
  EXPECT_EQ(server->port, 7000);
  EXPECT_EQ(server->database, 12);
  EXPECT_EQ(server->user, "chat");
  EXPECT_EQ(server->password, "p@ss:word");
}

TEST(RedisUrlTest, ReadsAPasswordWithoutUserAndATrailingSlash) {
  const auto server = parse_redis_url("redis://:secret@localhost/");
  ASSERT_TRUE(server) << server.error().detail;
  EXPECT_EQ(server->user, "");
  EXPECT_EQ(server->password, "secret");
  EXPECT_EQ(server->database, 0);
}

TEST(RedisUrlTest, ReadsAnIpv6Address) {
  const auto server = parse_redis_url("redis://[::1]:6380");
  ASSERT_TRUE(server) << server.error().detail;
  EXPECT_EQ(server->host, "::1");
  EXPECT_EQ(server->port, 6380);
}

struct Wrong {
  const char* url;
  const char* says;
};

class WrongRedisUrlTest : public testing::TestWithParam<Wrong> {};

TEST_P(WrongRedisUrlTest, SaysWhatIsWrongAndNotThePassword) {
  const auto server = parse_redis_url(GetParam().url);
  ASSERT_FALSE(server) << GetParam().url;
  EXPECT_TRUE(server.error().is(Errc::kInvalidArgument));
  EXPECT_THAT(server.error().detail, HasSubstr(GetParam().says));
  EXPECT_THAT(server.error().detail, Not(HasSubstr("secret")));
}

INSTANTIATE_TEST_SUITE_P(
    Urls, WrongRedisUrlTest,
    testing::Values(
        Wrong{"", "redis://"}, Wrong{"localhost:6379", "does not start with redis://"},
        Wrong{"rediss://localhost", "TLS"}, Wrong{"redis://", "the host is missing"},
        Wrong{"redis://:6379", "the host is missing"}, Wrong{"redis://host:", "the port"},
        Wrong{"redis://host:0", "the port"}, Wrong{"redis://host:70000", "the port"},
        Wrong{"redis://host:6379x", "the port"}, Wrong{"redis://host/x", "the database"},
        Wrong{"redis://host/-1", "the database"}, Wrong{"redis://host/1?a=b", "parameters"},
        Wrong{"redis://[::1", "']'"}, Wrong{"redis://[::1]x", "IPv6"},
        Wrong{"redis://my host", "character"}, Wrong{"redis://secret@host", "no password"},
        Wrong{"redis://user:@host", "the password is empty"},
        Wrong{"redis://u:secret%4@host", "two hex digits"}));

}  // namespace
}  // namespace stampede::redis
