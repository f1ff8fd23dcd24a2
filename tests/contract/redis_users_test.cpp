// What the Redis adapter promises of users' queues beyond the contract: what happens when Redis, or
// a gateway, is gone.
#include "tests/contract/redis_client.h"
#include "tests/contract/redis_gateway.h"
#include "tests/contract/redis_server.h"

namespace stampede::test {
namespace {

class RedisUsersTest : public testing::Test {
 protected:
  using Places = std::vector<QueuePlace>;

  RedisUsersTest() { loop_.start(); }
  ~RedisUsersTest() override { loop_.stop(); }

  std::unique_ptr<RedisGateway> start(const std::string& gateway) const {
    redis::Options options;
    options.url = server_.url();
    options.gateway = GatewayId(gateway);
    options.lease = Milliseconds(1'500);
    options.timeout = Milliseconds(500);
    options.backoff_min = Milliseconds(10);
    options.backoff_max = Milliseconds(50);
    auto out = std::make_unique<RedisGateway>(options);
    out->wait_ready();
    return out;
  }
  static UserQueue queue(const std::string& user) { return {UserId(user), RoomName("notes")}; }
  static QueueSession session(const std::string& user, const std::string& id) {
    return {queue(user), SessionId(id)};
  }
  Result<void> enter(RedisGateway& at, std::vector<QueueSession> sessions) {
    return ask<Result<void>>(
        loop_, [&](auto reply) { at.users().enter(std::move(sessions), std::move(reply)); });
  }
  Result<UserDirectory::Places> find(RedisGateway& at, const std::string& user) {
    return ask<Result<UserDirectory::Places>>(
        loop_, [&](auto reply) { at.users().find({queue(user)}, std::move(reply)); });
  }
  bool finds(RedisGateway& at, const std::string& user, const Places& expected) {
    return eventually([&] {
      const auto found = find(at, user);
      return found && found->at(0) == expected;
    });
  }
  static QueuePlace place(const std::string& gateway, std::size_t sessions) {
    return {GatewayId(gateway), sessions};
  }

  Loop loop_{"contract"};
  RedisServer server_;
};

TEST_F(RedisUsersTest, AreThereAgainAfterRedisHasLostEverything) {
  const auto first = start("g1");
  const auto second = start("g2");
  ASSERT_TRUE(enter(*first, {session("ann", "a"), session("ann", "b"), session("bob", "c")}));
  ASSERT_TRUE(enter(*second, {session("ann", "d")}));
  server_.stop();
  ASSERT_TRUE(eventually([&] { return !first->ready() && !second->ready(); }));
  const auto away = find(*first, "ann");
  ASSERT_FALSE(away);
  EXPECT_TRUE(away.error().is(Errc::kUnavailable));
  first->users().leave({session("bob", "c")});
  server_.start();
  first->wait_ready();
  second->wait_ready();
  EXPECT_TRUE(finds(*second, "ann", {place("g1", 2), place("g2", 1)}));
  EXPECT_TRUE(finds(*second, "bob", {})) << "who left meanwhile does not come back";
  RedisClient(server_.url()).run({"FLUSHALL"});
  EXPECT_TRUE(finds(*second, "ann", {place("g1", 2), place("g2", 1)}));
}

TEST_F(RedisUsersTest, OfADeadGatewayAreGoneWithItsLeaseAndNothingIsLeft) {
  const auto survivor = start("g1");
  auto dies = start("g2");
  ASSERT_TRUE(enter(*survivor, {session("ann", "a")}));
  std::vector<QueueSession> doomed{session("ann", "b")};
  for (int i = 0; i < 1'200; ++i) doomed.push_back(session("user-" + std::to_string(i), "c"));
  ASSERT_TRUE(enter(*dies, doomed));
  ASSERT_TRUE(finds(*survivor, "ann", {place("g1", 1), place("g2", 1)}));
  dies.reset();
  EXPECT_TRUE(finds(*survivor, "ann", {place("g1", 1)}));
  EXPECT_TRUE(finds(*survivor, "user-1199", {}));
  RedisClient look(server_.url());
  EXPECT_TRUE(eventually([&] { return look.one({"ZCARD", "stampede:{gateways}:leases"}) == "1"; }));
  EXPECT_EQ(look.keys("stampede:{gateways}:queues:g2*"), std::vector<std::string>{});
  EXPECT_EQ(look.keys("stampede:user:*").size(), 1U);
}

TEST_F(RedisUsersTest, WhatWasEnteredDuringAnOutageIsThereAfterIt) {
  const auto gateway = start("g1");
  server_.stop();
  ASSERT_TRUE(eventually([&] { return !gateway->ready(); }));
  auto entered =
      std::async(std::launch::async, [&] { return enter(*gateway, {session("ann", "a")}); });
  server_.start();
  // It may have been refused in time, and is entered all the same.
  (void)entered.get();
  gateway->wait_ready();
  EXPECT_TRUE(finds(*gateway, "ann", {place("g1", 1)}));
}

}  // namespace
}  // namespace stampede::test
