#include "shared/config/list_value.h"

#include <gmock/gmock.h>

namespace stampede::test {
namespace {

using config::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(OriginsValueTest, ReadsAListAndShowsIt) {
  std::vector<std::string> origins;
  const Value value = config::origins_value(origins);
  EXPECT_EQ(value.show(), "");
  ASSERT_TRUE(value.parse("HTTPS://Chat.Example , http://localhost:3000,http://[::1]:8080,null"));
  EXPECT_THAT(origins, ElementsAre("https://chat.example", "http://localhost:3000",
                                   "http://[::1]:8080", "null"));
  EXPECT_EQ(value.show(), "https://chat.example,http://localhost:3000,http://[::1]:8080,null");
  ASSERT_TRUE(value.parse("*"));
  EXPECT_THAT(origins, ElementsAre("*"));
}

TEST(OriginsValueTest, SaysWhichEntryIsWrongAndWhy) {
  std::vector<std::string> origins{"https://old.example"};
  const Value value = config::origins_value(origins);
  for (const auto& [text, reason] : std::vector<std::pair<std::string, std::string>>{
           {"", "entry 1: it is empty"},
           {"https://a,,https://b", "entry 2: it is empty"},
           {"https://a,", "entry 2: it is empty"},
           {"chat.example", "entry 1: an origin begins with http://"},
           {"ws://chat.example", "entry 1: an origin begins with http://"},
           {"https://a,https://chat.example/", "entry 2: an origin is scheme, host and port only"},
           {"https://", "entry 1: an origin is scheme, host and port only"},
           {"https://*.example", "entry 1: an origin is scheme, host and port only"},
           {"https://chat.example:443", "entry 1: browsers leave the usual port out"},
           {"http://chat.example:80", "entry 1: browsers leave the usual port out"}}) {
    const auto refused = value.parse(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error().detail, HasSubstr(reason)) << text;
  }
  EXPECT_THAT(origins, ElementsAre("https://old.example"));
}

TEST(HostsValueTest, ReadsNamesAndAddresses) {
  std::vector<std::string> hosts;
  const Value value = config::hosts_value(hosts);
  ASSERT_TRUE(value.parse("Chat.Example,localhost,192.0.2.1,[::1]"));
  EXPECT_THAT(hosts, ElementsAre("chat.example", "localhost", "192.0.2.1", "[::1]"));
  EXPECT_FALSE(value.parse("/"));
  EXPECT_FALSE(value.parse("two words"));
}

TEST(NetworksValueTest, ReadsAddressesAndNetworks) {
  std::vector<IpNetwork> networks;
  const Value value = config::networks_value(networks);
  ASSERT_TRUE(value.parse("127.0.0.1, 10.0.0.0/8,::1"));
  EXPECT_EQ(networks.size(), 3U);
  EXPECT_EQ(value.show(), "127.0.0.1,10.0.0.0/8,::1");
  const auto refused = value.parse("127.0.0.1,10.0.0.1/8");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("entry 2: the address has bits set"));
}

TEST(RoomsValueTest, ReadsPatterns) {
  std::vector<RoomPattern> rooms;
  const Value value = config::rooms_value(rooms);
  ASSERT_TRUE(value.parse("orders.*, audit"));
  EXPECT_TRUE(any_matches(rooms, "orders.7"));
  EXPECT_TRUE(any_matches(rooms, "audit"));
  EXPECT_FALSE(any_matches(rooms, "audit.1"));
  EXPECT_EQ(value.show(), "orders.*,audit");
  const auto refused = value.parse("audit,two words");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("entry 2: rooms are named by 1 to 200"));
  EXPECT_FALSE(value.parse("audit,")) << "an empty entry";
}

}  // namespace
}  // namespace stampede::test
