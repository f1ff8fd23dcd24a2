#include "shared/config/value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stampede::test {
namespace {

using namespace std::chrono_literals;
using config::Value;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(SizeValueTest, ReadsWhatItShows) {
  std::size_t size = 0;
  const Value value = config::size_value(size, 0, 1ULL << 40U);
  for (const auto& [text, bytes] :
       std::vector<std::pair<std::string, std::size_t>>{{"0", 0},
                                                        {"512", 512},
                                                        {"1KiB", 1024},
                                                        {"1536", 1536},
                                                        {"16MiB", 16U << 20U},
                                                        {"3GiB", 3ULL << 30U}}) {
    ASSERT_TRUE(value.parse(text)) << text;
    EXPECT_EQ(size, bytes);
    EXPECT_EQ(value.show(), text);
  }
}

TEST(SizeValueTest, RefusesWhatIsNoSizeAndKeepsTheOldOne) {
  std::size_t size = 4096;
  const Value value = config::size_value(size, 1024, 65536);
  for (const std::string text :
       {"", "abc", "-1", "1 KiB", "1.5MiB", "1KB", "1kib", "KiB", "0x10", "1023", "65537", "64MiB",
        "99999999999999999999", "17179869184GiB"}) {
    const auto refused = value.parse(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error().detail, HasSubstr("1KiB to 64KiB"));
  }
  EXPECT_EQ(size, 4096U);
}

TEST(DurationValueTest, ReadsWhatItShows) {
  Milliseconds duration{};
  const Value value = config::duration_value(duration, 0ms, 24h);
  for (const auto& [text, expected] :
       std::vector<std::pair<std::string, Milliseconds>>{{"0", 0ms},
                                                         {"250ms", 250ms},
                                                         {"10s", 10s},
                                                         {"2m", 2min},
                                                         {"1h", 1h},
                                                         {"1500ms", 1500ms}}) {
    ASSERT_TRUE(value.parse(text)) << text;
    EXPECT_EQ(duration, expected);
    EXPECT_EQ(value.show(), text);
  }
  ASSERT_TRUE(value.parse("60s"));
  EXPECT_EQ(value.show(), "1m");
}

TEST(DurationValueTest, WantsAUnit) {
  Milliseconds duration = 1s;
  const Value value = config::duration_value(duration, 0ms, 10s);
  for (const std::string text :
       {"5", "5 s", "1.5s", "-1s", "10us", "11s", "s", "1d", "99999999999999999h"}) {
    const auto refused = value.parse(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error().detail, HasSubstr("0 to 10s"));
  }
  EXPECT_EQ(duration, 1s);
}

TEST(CountValueTest, TakesWholeNumbersInItsBounds) {
  std::size_t count = 0;
  const Value value = config::count_value(count, 1, 200);
  EXPECT_TRUE(value.parse("200"));
  EXPECT_EQ(count, 200U);
  for (const std::string text : {"0", "201", "-1", "+1", "1k", "abc", "1.0", " 1"}) {
    const auto refused = value.parse(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error().detail, HasSubstr("1 to 200"));
  }
}

TEST(FlagValueTest, KnowsEightWords) {
  bool flag = false;
  const Value value = config::flag_value(flag);
  EXPECT_TRUE(value.parse("on"));
  EXPECT_TRUE(flag);
  EXPECT_TRUE(value.parse("0"));
  EXPECT_FALSE(flag);
  EXPECT_FALSE(value.parse("maybe"));
}

TEST(NameValueTest, TakesWhatIsSafeInAnyProtocol) {
  std::string name;
  const Value value = config::name_value(name);
  EXPECT_TRUE(value.parse("gateway-1.a_B"));
  for (const std::string& text :
       {std::string("a b"), std::string("é"), std::string(101, 'a'), std::string("a/b")}) {
    EXPECT_FALSE(value.parse(text)) << text;
  }
  EXPECT_EQ(name, "gateway-1.a_B");
}

TEST(EndpointTest, ReadsAddressesWithPorts) {
  for (const auto& [text, address, shown, loopback] :
       std::vector<std::tuple<std::string, std::string, std::string, bool>>{
           {"127.0.0.1:8080", "127.0.0.1", "127.0.0.1:8080", true},
           {"127.8.9.1:0", "127.8.9.1", "127.8.9.1:0", true},
           {"localhost:8080", "127.0.0.1", "127.0.0.1:8080", true},
           {"[::1]:8080", "::1", "[::1]:8080", true},
           {"0.0.0.0:65535", "0.0.0.0", "0.0.0.0:65535", false},
           {"[::]:1", "::", "[::]:1", false},
           {"[::ffff:10.0.0.1]:1", "::ffff:10.0.0.1", "[::ffff:10.0.0.1]:1", false}}) {
    const auto endpoint = config::parse_endpoint(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->address, address);
    EXPECT_EQ(to_string(*endpoint), shown);
    EXPECT_EQ(endpoint->loopback(), loopback) << text;
  }
}

TEST(EndpointTest, SaysWhatIsMissing) {
  for (const auto& [text, reason] :
       std::vector<std::pair<std::string, std::string>>{{":8080", "0.0.0.0:8080"},
                                                        {"8080", "no port"},
                                                        {"127.0.0.1", "no port"},
                                                        {"127.0.0.1:", "0 to 65535"},
                                                        {"127.0.0.1:65536", "0 to 65535"},
                                                        {"127.0.0.1:80a", "0 to 65535"},
                                                        {"::1:8080", "brackets"},
                                                        {"[127.0.0.1]:1", "not an IPv6"},
                                                        {"example.org:80", "not a host name"},
                                                        {"256.0.0.1:80", "IP address"}}) {
    const auto refused = config::parse_endpoint(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error().detail, HasSubstr(reason));
  }
}

TEST(UrlValueTest, ChecksTheShape) {
  std::string url;
  const Value amqp = config::url_value(url, {"amqp", "amqps"});
  for (const std::string good : {"amqp://h", "amqps://h:5671", "amqp://u:p@h:5672/v",
                                 "amqp://u:p%2F@[::1]:1/", "amqp://u:p@h/%2Fv?heartbeat=5"}) {
    EXPECT_TRUE(amqp.parse(good)) << good;
    EXPECT_EQ(url, good);
  }
  for (const auto& [bad, reason] :
       std::vector<std::pair<std::string, std::string>>{{"http://h", "amqp:// or amqps://"},
                                                        {"h:5672", "amqp:// or amqps://"},
                                                        {"amqp://", "no host"},
                                                        {"amqp://u:p@", "no host"},
                                                        {"amqp://:5672", "no host"},
                                                        {"amqp://h:0", "1 to 65535"},
                                                        {"amqp://h:65536", "1 to 65535"},
                                                        {"amqp://u:p/w@h", "percent-encoded"},
                                                        {"amqp://[::1", "not closed"},
                                                        {"amqp://h /", "space"}}) {
    const auto refused = amqp.parse(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_THAT(refused.error().detail, HasSubstr(reason)) << bad;
    EXPECT_THAT(refused.error().detail, Not(HasSubstr("p/w")));
  }
}

TEST(UrlValueTest, LeavesPostgresItsLiberties) {
  std::string url;
  const Value value = config::url_value(url, {"postgresql", "postgres"});
  for (const std::string good : {"postgresql:///chat?host=/run/postgresql",
                                 "postgres://u@a:1,b:2/chat", "postgresql://h/chat"}) {
    EXPECT_TRUE(value.parse(good)) << good;
  }
}

TEST(MaskUrlTest, ShowsNoPassword) {
  for (const auto& [url, masked] : std::vector<std::pair<std::string, std::string>>{
           {"", ""},
           {"amqp://h:5672/v", "amqp://h:5672/v"},
           {"amqp://me:secret@h/v", "amqp://me:***@h/v"},
           {"redis://:secret@h", "redis://:***@h"},
           {"redis://secret@h", "redis://***@h"},
           {"amqp://me:se/cr@et@h", "amqp://me:***@h"},
           {"postgresql://h/d?password=secret&x=y", "postgresql://h/d?password=***&x=y"},
           {"postgresql://h/d?x=y&password=secret", "postgresql://h/d?x=y&password=***"},
           {"secret", "***"}}) {
    EXPECT_EQ(config::mask_url(url), masked);
  }
}

}  // namespace
}  // namespace stampede::test
