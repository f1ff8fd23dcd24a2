#include "shared/sockets/address_budget.h"

#include <gtest/gtest.h>

#include <thread>

namespace stampede::sockets {
namespace {

IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }

std::vector<IpNetwork> networks(const std::vector<std::string>& texts) {
  std::vector<IpNetwork> out;
  for (const std::string& text : texts) out.push_back(IpNetwork::parse(text).value());
  return out;
}

TEST(AddressBudgetTest, BoundsEachAddressByItself) {
  AddressBudget budget(2, {});
  auto first = budget.take(address("192.0.2.1"));
  auto second = budget.take(address("192.0.2.1"));
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(budget.take(address("192.0.2.1")));
  EXPECT_FALSE(budget.take(address("::ffff:192.0.2.1"))) << "the same address in IPv6's clothes";
  EXPECT_TRUE(budget.take(address("192.0.2.2")));
  first.reset();
  EXPECT_TRUE(budget.take(address("192.0.2.1")));
}

TEST(AddressBudgetTest, AnIPv6AddressIsItsWhole64) {
  AddressBudget budget(1, {});
  const auto lease = budget.take(address("2001:db8:0:1::1"));
  EXPECT_FALSE(budget.take(address("2001:db8:0:1:ffff::2")));
  EXPECT_TRUE(budget.take(address("2001:db8:0:2::1")));
}

TEST(AddressBudgetTest, ALeaseMovesWithItsConnection) {
  AddressBudget budget(5, {});
  AddressBudget::Lease kept;
  {
    auto taken = budget.take(address("192.0.2.1"));
    kept = std::move(*taken);
  }
  EXPECT_EQ(budget.held(address("192.0.2.1")), 1u);
  kept = AddressBudget::Lease();
  EXPECT_EQ(budget.held(address("192.0.2.1")), 0u);
}

TEST(AddressBudgetTest, ZeroIsNoBoundAndAProxyHasNone) {
  AddressBudget unbounded(0, {});
  AddressBudget budget(1, networks({"10.0.0.0/8"}));
  std::vector<std::optional<AddressBudget::Lease>> leases;
  for (int i = 0; i < 10; ++i) {
    leases.push_back(unbounded.take(address("192.0.2.1")));
    EXPECT_TRUE(leases.back());
    leases.push_back(budget.take(address("10.1.2.3")));
    EXPECT_TRUE(leases.back());
  }
}

TEST(AddressBudgetTest, OnlyAProxyMaySpeakForOthers) {
  const AddressBudget budget(1, networks({"10.0.0.0/8", "::1"}));
  EXPECT_EQ(budget.forwarded_for(address("192.0.2.1"), "203.0.113.9"), std::nullopt);
  EXPECT_EQ(budget.forwarded_for(address("10.0.0.1"), ""), std::nullopt);
  EXPECT_EQ(budget.forwarded_for(address("10.0.0.1"), "203.0.113.9"), address("203.0.113.9"));
  EXPECT_EQ(budget.forwarded_for(address("::1"), " 203.0.113.9:4711 "), address("203.0.113.9"));
  EXPECT_EQ(budget.forwarded_for(address("::1"), "[2001:db8::7]:1"), address("2001:db8::7"));
  EXPECT_EQ(budget.forwarded_for(address("::1"), "2001:db8::7"), address("2001:db8::7"));
}

TEST(AddressBudgetTest, WhatAClientClaimsBeforeTheProxiesIsNotBelieved) {
  const AddressBudget budget(1, networks({"10.0.0.0/8"}));
  EXPECT_EQ(budget.forwarded_for(address("10.0.0.1"), "198.51.100.1, 203.0.113.9, 10.0.0.2"),
            address("203.0.113.9"));
  EXPECT_EQ(budget.forwarded_for(address("10.0.0.1"), "203.0.113.9, unknown, 10.0.0.2"),
            address("10.0.0.2"))
      << "nothing before what cannot be read";
  EXPECT_EQ(budget.forwarded_for(address("10.0.0.1"), "nonsense"), std::nullopt);
  EXPECT_EQ(budget.forwarded_for(address("10.0.0.1"), "10.0.0.3,10.0.0.2"), address("10.0.0.3"));
}

TEST(AddressBudgetTest, ManyThreadsCountRight) {
  AddressBudget budget(50, {});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        std::vector<std::optional<AddressBudget::Lease>> leases;
        for (int n = 0; n < 20; ++n) leases.push_back(budget.take(address("192.0.2.1")));
        EXPECT_LE(budget.held(address("192.0.2.1")), 50u);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(budget.held(address("192.0.2.1")), 0u);
}

}  // namespace
}  // namespace stampede::sockets
