// What the Redis adapter promises of users in rooms beyond the contract: what happens when Redis,
// or a gateway, is gone.
#include <gmock/gmock.h>

#include <atomic>
#include <functional>
#include <future>
#include <mutex>

#include "tests/contract/redis_client.h"
#include "tests/contract/redis_gateway.h"
#include "tests/contract/redis_server.h"

namespace stampede::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class RedisPresenceTest : public testing::Test {
 protected:
  /// A gateway and what it is told.
  struct Watched {
    std::unique_ptr<RedisGateway> gateway;
    std::shared_ptr<std::vector<std::string>> told = std::make_shared<std::vector<std::string>>();
    std::shared_ptr<std::mutex> mutex = std::make_shared<std::mutex>();

    std::vector<std::string> texts() const {
      const std::lock_guard lock(*mutex);
      return *told;
    }
  };

  RedisPresenceTest() { loop_.start(); }
  ~RedisPresenceTest() override { loop_.stop(); }

  Watched start(const std::string& name, Milliseconds lease = Milliseconds(1'500)) {
    redis::Options options;
    options.url = server_.url();
    options.gateway = GatewayId(name);
    options.lease = lease;
    options.timeout = Milliseconds(500);
    options.backoff_min = Milliseconds(10);
    options.backoff_max = Milliseconds(50);
    Watched out;
    out.gateway = std::make_unique<RedisGateway>(options);
    out.gateway->wait_ready();
    out.gateway->watch_changes(
        loop_, [told = out.told, mutex = out.mutex](const std::vector<PresenceChange>& changes) {
          const std::lock_guard lock(*mutex);
          for (const PresenceChange& one : changes) {
            told->push_back((one.joined ? "+" : "-") + one.user.str() + " " +
                            std::to_string(one.users));
          }
        });
    return out;
  }
  static Member member(const std::string& user, const std::string& session) {
    return {RoomName("lobby"), SessionId(session), UserId(user), 1};
  }
  std::vector<Result<Seq>> enter(RedisGateway& at, std::vector<Member> members) {
    return ask<std::vector<Result<Seq>>>(
        loop_, [&](auto reply) { at.enter(std::move(members), std::move(reply)); });
  }
  /// "ann 2", with the number of sessions.
  std::vector<std::string> users(RedisGateway& at) {
    const auto found = ask<Result<RoomUsers>>(
        loop_, [&](auto reply) { at.users(RoomName("lobby"), 100, std::move(reply)); });
    std::vector<std::string> out;
    if (!found) return {"error: " + found.error().detail};
    for (const PresentUser& one : found->users) {
      out.push_back(one.user.str() + " " + std::to_string(one.sessions));
    }
    return out;
  }

  Loop loop_{"contract"};
  RedisServer server_;
};

TEST_F(RedisPresenceTest, WhoCleansUpAfterADeadGatewayTellsWhoIsGone) {
  const Watched lives = start("g1");
  Watched dies = start("g2");
  ASSERT_TRUE(enter(*lives.gateway, {member("ann", "s1")}).at(0));
  ASSERT_TRUE(
      enter(*dies.gateway, {member("ann", "t1"), member("bob", "t2"), member("bob", "t3")}).at(0));
  dies.gateway.reset();
  EXPECT_TRUE(eventually([&] {
    return lives.texts() == std::vector<std::string>{"+ann 1", "-bob 1"};
  }));
  EXPECT_THAT(users(*lives.gateway), ElementsAre("ann 1"));
}

TEST_F(RedisPresenceTest, WhoDepartsLeavesItsMembersForTheGrace) {
  // A lease that would not end within the test's patience, so it is the grace that does it.
  const Watched stays = start("g1");
  Watched departs = start("g2", Milliseconds(60'000));
  ASSERT_TRUE(enter(*stays.gateway, {member("ann", "s1")}).at(0));
  ASSERT_TRUE(enter(*departs.gateway, {member("bob", "t1"), member("eve", "t2")}).at(0));
  departs.gateway->leave({member("eve", "t2")});
  ASSERT_TRUE(ask<Result<void>>(
      loop_, [&](auto reply) { departs.gateway->depart(Milliseconds(300), std::move(reply)); }));
  departs.gateway.reset();
  EXPECT_THAT(users(*stays.gateway), ElementsAre("ann 1", "bob 1"));
  EXPECT_TRUE(eventually([&] {
    return stays.texts() == std::vector<std::string>{"+ann 1", "-bob 1"};
  }));
}

TEST_F(RedisPresenceTest, AGatewayThatRegistersAnewIsNoNewsAndCountsOnce) {
  const Watched sleeper = start("g1");
  const Watched other = start("g2");
  ASSERT_TRUE(enter(*sleeper.gateway, {member("ann", "s1"), member("bob", "s2")}).at(0));
  ASSERT_TRUE(enter(*other.gateway, {member("ann", "t1")}).at(0));
  std::promise<void> wake;
  sleeper.gateway->loop().post([woken = wake.get_future().share()] { woken.wait(); });
  ASSERT_TRUE(eventually([&] { return other.texts() == std::vector<std::string>{"-bob 1"}; }));
  wake.set_value();
  EXPECT_TRUE(eventually([&] {
    return users(*other.gateway) == std::vector<std::string>{"ann 2", "bob 1"};
  }));
  EXPECT_THAT(sleeper.texts(), ElementsAre("+ann 1", "+bob 2")) << "bob has come long ago";
}

TEST_F(RedisPresenceTest, UsersAreThereAgainAfterRedisHasLostEverything) {
  const Watched first = start("g1");
  const Watched second = start("g2");
  ASSERT_TRUE(enter(*first.gateway, {member("ann", "s1"), member("bob", "s2")}).at(0));
  ASSERT_TRUE(enter(*second.gateway, {member("bob", "t1")}).at(0));
  const auto version = [&] {
    const auto found = ask<Result<std::vector<Seq>>>(
        loop_, [&](auto reply) { first.gateway->versions({RoomName("lobby")}, std::move(reply)); });
    return found ? found->at(0) : kNoSeq;
  };
  const Seq before = version();
  server_.stop();
  server_.start();
  EXPECT_TRUE(eventually([&] {
    return users(*first.gateway) == std::vector<std::string>{"ann 1", "bob 2"};
  }));
  EXPECT_GT(version(), before) << "so that whoever watches asks again";
  EXPECT_THAT(first.texts(), ElementsAre("+ann 1", "+bob 2"));
  EXPECT_THAT(second.texts(), IsEmpty());
}

TEST_F(RedisPresenceTest, NothingIsLeftOfARoomThatIsEmptyButWhatIsRemembered) {
  const Watched gateway = start("g1");
  RedisClient look(server_.url());
  ASSERT_TRUE(enter(*gateway.gateway, {member("ann", "s1"), member("bob", "s2")}).at(0));
  EXPECT_EQ(look.one({"EXISTS", "stampede:{lobby}:u"}), "1");
  gateway.gateway->leave({member("ann", "s1"), member("bob", "s2")});
  EXPECT_THAT(users(*gateway.gateway), IsEmpty());
  EXPECT_THAT(look.keys("stampede:{lobby}:*"), UnorderedElementsAre("stampede:{lobby}:s"));
  EXPECT_GT(std::stoll(look.one({"PTTL", "stampede:{lobby}:s"})), 0);
}

TEST_F(RedisPresenceTest, WhoWaitedForRedisIsHeldToTheCapacityToo) {
  const Watched first = start("g1");
  Member full = member("bob", "s2");
  full.capacity = 1;
  ASSERT_TRUE(enter(*first.gateway, {member("ann", "s1")}).at(0));
  server_.stop();
  auto waiting = std::async(std::launch::async, [&] { return enter(*first.gateway, {full}); });
  server_.start();
  const auto entered = waiting.get();
  EXPECT_FALSE(entered.at(0)) << "whether Redis was back in time or not";
  EXPECT_TRUE(
      eventually([&] { return users(*first.gateway) == std::vector<std::string>{"ann 1"}; }));
}

// Both questions are on their way before the first is answered, and a seat becomes free in between.
TEST_F(RedisPresenceTest, WhoWasRefusedFirstAndLetInThenKeepsNoSeat) {
  const Watched gateway = start("g1");
  RedisClient look(server_.url());
  Member asks = member("ann", "s1");
  asks.capacity = 1;
  ASSERT_TRUE(enter(*gateway.gateway, {member("eve", "s2")}).at(0));
  std::promise<bool> first;
  std::promise<bool> second;
  const auto answer = [&](std::promise<bool>& to) {
    return Reply<std::vector<Result<Seq>>>(loop_, [&to](const std::vector<Result<Seq>>& said) {
      to.set_value(said.at(0).has_value());
    });
  };
  gateway.gateway->loop().post([&] {
    gateway.gateway->enter({asks}, answer(first));
    gateway.gateway->leave({member("eve", "s2")});
    gateway.gateway->enter({asks}, answer(second));
  });
  ASSERT_FALSE(first.get_future().get());
  ASSERT_TRUE(second.get_future().get());
  gateway.gateway->leave({asks});
  EXPECT_THAT(users(*gateway.gateway), IsEmpty());
  EXPECT_TRUE(eventually([&] { return look.keys("stampede:{gateways}:rooms:*").empty(); }));
  EXPECT_THAT(look.keys("stampede:{lobby}:*"), UnorderedElementsAre("stampede:{lobby}:s"));
}

// Sessions come without a pause while the registration changes, so some are under way then.
TEST_F(RedisPresenceTest, WhoIsLetInWhileItsGatewayRegistersAnewIsCarriedOver) {
  const Watched gateway = start("g1");
  RedisClient look(server_.url());
  const auto lease = [&] { return look.one({"ZRANGE", "stampede:{gateways}:leases", "0", "0"}); };
  ASSERT_TRUE(enter(*gateway.gateway, {member("ann", "s0")}).at(0));
  const std::string before = lease();
  std::atomic<bool> come{true};
  std::atomic<int> asked{1};
  std::atomic<int> answered{1};
  std::function<void()> another = [&] {
    if (!come) return;
    Member one = member("ann", "s" + std::to_string(asked++));
    one.capacity = 10;
    gateway.gateway->enter(
        {one}, Reply<std::vector<Result<Seq>>>(loop_, [&](const auto&) { ++answered; }));
    gateway.gateway->loop().post_after(Milliseconds(0), another);
  };
  gateway.gateway->loop().post(another);
  look.one({"ZREM", "stampede:{gateways}:leases", before});
  const bool anew = eventually([&] {
    const auto now = look.keys("stampede:{lobby}:m:*");
    return now.size() == 1 && now.front() != "stampede:{lobby}:m:" + before;
  });
  come = false;
  ASSERT_TRUE(anew);
  ASSERT_TRUE(eventually([&] { return answered == asked; }));
  EXPECT_TRUE(eventually([&] {
    return users(*gateway.gateway) == std::vector<std::string>{"ann " + std::to_string(asked)};
  })) << "of "
      << asked << ": " << testing::PrintToString(users(*gateway.gateway));
}

// A session that leaves its user another one makes Redis write a new number first.
TEST_F(RedisPresenceTest, WhoLeavesARedisWithoutMemoryIsGone) {
  const Watched gateway = start("g1");
  RedisClient look(server_.url());
  ASSERT_TRUE(enter(*gateway.gateway, {member("ann", "s1"), member("ann", "s2")}).at(0));
  look.one({"CONFIG", "SET", "maxmemory", "1"});
  gateway.gateway->leave({member("ann", "s1")});
  EXPECT_THAT(users(*gateway.gateway), ElementsAre("ann 1"));
  gateway.gateway->leave({member("ann", "s2")});
  EXPECT_THAT(users(*gateway.gateway), IsEmpty());
}

TEST_F(RedisPresenceTest, ARoomThatRedisDidNotLetGoIsCleanedUpLater) {
  const Watched lives = start("g1");
  Watched dies = start("g2");
  RedisClient look(server_.url());
  const auto denials = [&] {
    const auto log = look.run({"ACL", "LOG"});  // "count" and how often, of the latest kind
    return log.empty() ? 0 : std::stoi(log.at(1));
  };
  ASSERT_TRUE(enter(*dies.gateway, {member("bob", "t1")}).at(0));
  look.one({"ACL", "SETUSER", "default", "-hdel"});
  dies.gateway->leave({member("bob", "t1")});
  EXPECT_THAT(users(*dies.gateway), ElementsAre("bob 1"));
  const int before = denials();
  ASSERT_GT(before, 0);
  dies.gateway.reset();
  // Whoever cleans up is refused as well, and tries again.
  ASSERT_TRUE(eventually([&] { return denials() > before; }));
  look.one({"ACL", "SETUSER", "default", "+hdel"});
  EXPECT_TRUE(eventually([&] { return users(*lives.gateway).empty(); }));
}

}  // namespace
}  // namespace stampede::test
