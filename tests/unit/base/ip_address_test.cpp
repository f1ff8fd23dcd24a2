#include "shared/base/ip_address.h"

#include <gmock/gmock.h>

namespace stampede {
namespace {

using testing::HasSubstr;

IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }

TEST(IpAddressTest, ReadsAndWritesBothKinds) {
  for (const std::string text : {"192.0.2.1", "0.0.0.0", "::1", "::", "2001:db8::1"}) {
    EXPECT_EQ(address(text).text(), text);
  }
  EXPECT_TRUE(address("192.0.2.1").is_v4());
  EXPECT_FALSE(address("::1").is_v4());
  for (const std::string_view text :
       {"", "192.0.2", "192.0.2.256", "1.2.3.4:80", "[::1]", "::g", "fe80::1%eth0", "host"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(IpAddressTest, IsMadeOfItsBytes) {
  EXPECT_EQ(IpAddress::of_v4({192, 0, 2, 1}), address("192.0.2.1"));
  EXPECT_EQ(IpAddress::of_v6(address("2001:db8::5").bytes()), address("2001:db8::5"));
  EXPECT_TRUE(IpAddress::of_v6(address("::ffff:192.0.2.1").bytes()).is_v4());
}

TEST(IpAddressTest, AMappedAddressIsTheIPv4One) {
  EXPECT_EQ(address("::ffff:192.0.2.1"), address("192.0.2.1"));
  EXPECT_EQ(address("::ffff:192.0.2.1").text(), "192.0.2.1");
}

TEST(IpAddressTest, APrefixKeepsItsBitsOnly) {
  EXPECT_EQ(address("2001:db8:1:2:3:4:5:6").prefix(64), address("2001:db8:1:2::"));
  EXPECT_EQ(address("2001:db8:ffff::").prefix(36), address("2001:db8:f000::"));
  EXPECT_EQ(address("::1").prefix(128), address("::1"));
  EXPECT_EQ(address("::1").prefix(0), address("::"));
}

TEST(IpNetworkTest, ContainsWhatHasItsPrefix) {
  const auto v4 = IpNetwork::parse("10.1.0.0/16");
  ASSERT_TRUE(v4);
  EXPECT_TRUE(v4->contains(address("10.1.255.255")));
  EXPECT_TRUE(v4->contains(address("::ffff:10.1.2.3")));
  EXPECT_FALSE(v4->contains(address("10.2.0.0")));
  const auto v6 = IpNetwork::parse("2001:db8::/32");
  ASSERT_TRUE(v6);
  EXPECT_TRUE(v6->contains(address("2001:db8:1::1")));
  EXPECT_FALSE(v6->contains(address("2001:db9::1")));
  const auto all = IpNetwork::parse("0.0.0.0/0");
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->contains(address("203.0.113.9")));
  EXPECT_FALSE(all->contains(address("2001:db8::1")));
  const auto one = IpNetwork::parse("::1");
  ASSERT_TRUE(one);
  EXPECT_TRUE(one->contains(address("::1")));
  EXPECT_FALSE(one->contains(address("::2")));
}

TEST(IpNetworkTest, ReadsWhatItShowsAndSaysWhatIsWrong) {
  for (const std::string text : {"10.1.0.0/16", "2001:db8::/32", "::1", "192.0.2.1", "::/0"}) {
    const auto network = IpNetwork::parse(text);
    ASSERT_TRUE(network) << text;
    EXPECT_EQ(network->text(), text);
  }
  for (const auto& [text, reason] : std::vector<std::pair<std::string, std::string>>{
           {"host/8", "not an IP address"},
           {"10.0.0.0/33", "0 to 32"},
           {"::/129", "0 to 128"},
           {"10.0.0.0/", "0 to 32"},
           {"10.0.0.1/8", "bits set behind its prefix"}}) {
    const auto refused = IpNetwork::parse(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error().detail, HasSubstr(reason));
    EXPECT_THAT(refused.error().detail, HasSubstr("like 192.0.2.1, 10.0.0.0/8"));
  }
}

}  // namespace
}  // namespace stampede
