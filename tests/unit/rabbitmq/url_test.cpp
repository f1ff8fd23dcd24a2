#include "shared/adapters/rabbitmq/url.h"

#include <gtest/gtest.h>

namespace stampede::rabbitmq {
namespace {

std::string error_of(const std::string& url) {
  const auto result = parse_url(url);
  return result ? "no error" : result.error().detail;
}

TEST(BrokerUrlTest, ReadsEveryPart) {
  const auto url = parse_url("amqp://ann:s3cret@broker.example:5673/chat").value();
  EXPECT_EQ(url.host, "broker.example");
  EXPECT_EQ(url.port, 5673);
  EXPECT_EQ(url.user, "ann");
  EXPECT_EQ(url.password, "s3cret");
  EXPECT_EQ(url.vhost, "chat");
  EXPECT_FALSE(url.tls);
}

TEST(BrokerUrlTest, FillsInWhatIsLeftOut) {
  for (const char* text : {"amqp://broker", "amqp://broker/"}) {
    const auto url = parse_url(text).value();
    EXPECT_EQ(url.host, "broker");
    EXPECT_EQ(url.port, 5672);
    EXPECT_EQ(url.user, "guest");
    EXPECT_EQ(url.password, "guest");
    EXPECT_EQ(url.vhost, "/");
  }
  EXPECT_EQ(parse_url("amqps://broker").value().port, 5671);
}

TEST(BrokerUrlTest, DecodesPercentEncodedParts) {
  const auto url = parse_url("amqp://a%40b:p%3a%2F%25@broker/%2fchat%20room").value();
  EXPECT_EQ(url.user, "a@b");
  EXPECT_EQ(url.password, "p:/%");
  EXPECT_EQ(url.vhost, "/chat room");
}

TEST(BrokerUrlTest, ReadsIpv6Addresses) {
  const auto url = parse_url("amqp://[::1]:5673/").value();
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.port, 5673);
  EXPECT_EQ(url.address(), "[::1]:5673");
  EXPECT_NE(error_of("amqp://[::1").find("closing ']'"), std::string::npos);
  EXPECT_NE(error_of("amqp://[::1]x").find("':port'"), std::string::npos);
}

TEST(BrokerUrlTest, ReadsTlsParameters) {
  const auto url =
      parse_url("amqps://broker/?cacertfile=%2Fetc%2Fca.pem&verify=verify_none").value();
  EXPECT_TRUE(url.tls);
  EXPECT_EQ(url.ca_file, "/etc/ca.pem");
  EXPECT_FALSE(url.verify_peer);
  EXPECT_TRUE(parse_url("amqps://broker").value().verify_peer);
  EXPECT_NE(error_of("amqp://broker/?verify=verify_none").find("amqps"), std::string::npos);
  EXPECT_NE(error_of("amqps://broker/?verify=maybe").find("verify_peer or verify_none"),
            std::string::npos);
  EXPECT_NE(error_of("amqps://broker/?depth=3").find("'depth' is unknown"), std::string::npos);
}

TEST(BrokerUrlTest, SaysWhatIsWrong) {
  EXPECT_NE(error_of("http://broker").find("amqp:// or amqps://"), std::string::npos);
  EXPECT_NE(error_of("amqp://").find("host is missing"), std::string::npos);
  EXPECT_NE(error_of("amqp://broker:0").find("1 to 65535"), std::string::npos);
  EXPECT_NE(error_of("amqp://broker:65536").find("1 to 65535"), std::string::npos);
  EXPECT_NE(error_of("amqp://broker:56x").find("1 to 65535"), std::string::npos);
  EXPECT_NE(error_of("amqp://broker/a/b").find("%2F"), std::string::npos);
  EXPECT_NE(error_of("amqp://broker/%zz").find("two hex digits"), std::string::npos);
  EXPECT_NE(error_of("amqp://broker/%2").find("two hex digits"), std::string::npos);
  EXPECT_NE(error_of("amqp://broker/%00").find("NUL"), std::string::npos);
  EXPECT_NE(error_of("amqp://broker/" + std::string(256, 'v')).find("longer than 255"),
            std::string::npos);
}

TEST(BrokerUrlTest, NeverRepeatsThePassword) {
  for (const char* text :
       {"amqp://ann:hunter2@", "amqp://ann:hunter2", "amqp://ann:hunter2@broker:x",
        "amqp://ann:hunter2#@broker", "amqp://ann:hunter2%@broker", "amqp://ann:hunter2?@broker",
        "amqp://ann:/hunter2@broker", "amqp://ann:hunter2@broker/a/b"}) {
    EXPECT_EQ(error_of(text).find("hunter2"), std::string::npos) << error_of(text);
    EXPECT_NE(error_of(text), "no error") << text;
  }
}

}  // namespace
}  // namespace stampede::rabbitmq
