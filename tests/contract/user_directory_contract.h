#pragma once

// What every UserDirectory must keep. Include in one .cpp per test binary and instantiate with a
// UserDirectoryFixtureFactory as in message_bus_contract.h.

#include "shared/ports/user_directory.h"
#include "shared/runtime/loop.h"
#include "tests/contract/asking.h"

namespace stampede {

inline void PrintTo(const QueuePlace& place, std::ostream* out) {
  *out << place.gateway.str() << " x" << place.sessions;
}

}  // namespace stampede

namespace stampede::test {

/// One directory for the time of a test, empty at first.
class UserDirectoryFixture {
 public:
  virtual ~UserDirectoryFixture() = default;
  /// The directory as a gateway of that name sees it, ready for use. All of one fixture share what
  /// is in it. The test lets go of it before the fixture.
  virtual std::shared_ptr<UserDirectory> make_directory(const GatewayId& gateway) = 0;
};

using UserDirectoryFixtureFactory = std::function<std::unique_ptr<UserDirectoryFixture>()>;

class UserDirectoryContract : public testing::TestWithParam<UserDirectoryFixtureFactory> {
 protected:
  using Places = std::vector<QueuePlace>;

  static UserQueue queue(const std::string& user, const std::string& name = "notes") {
    return {UserId(user), RoomName(name)};
  }
  void enter(UserDirectory& at, std::vector<QueueSession> sessions) {
    const auto entered = ask<Result<void>>(
        loop_, [&](auto reply) { at.enter(std::move(sessions), std::move(reply)); });
    EXPECT_TRUE(entered) << entered.error().detail;
  }
  std::vector<Places> find(UserDirectory& at, std::vector<UserQueue> queues) {
    const auto found = ask<Result<UserDirectory::Places>>(
        loop_, [&](auto reply) { at.find(std::move(queues), std::move(reply)); });
    EXPECT_TRUE(found) << found.error().detail;
    return found ? *found : std::vector<Places>{};
  }
  Places find(UserDirectory& at, const UserQueue& one) { return find(at, std::vector{one}).at(0); }
  static QueuePlace place(const std::string& gateway, std::size_t sessions) {
    return {GatewayId(gateway), sessions};
  }

  void SetUp() override {
    loop_.start();
    fixture_ = GetParam()();
    first_ = fixture_->make_directory(GatewayId("gateway-1"));
    second_ = fixture_->make_directory(GatewayId("gateway-2"));
  }
  void TearDown() override {
    second_.reset();
    first_.reset();
    loop_.stop();
    fixture_.reset();
  }

  Loop loop_{"contract"};
  std::unique_ptr<UserDirectoryFixture> fixture_;
  std::shared_ptr<UserDirectory> first_;
  std::shared_ptr<UserDirectory> second_;
};

TEST_P(UserDirectoryContract, RepliesAreNeverReentrant) {
  EXPECT_TRUE(answers_after_the_call<Result<void>>(loop_, [&](auto reply) {
    first_->enter({{queue("ann"), SessionId("a")}}, std::move(reply));
  }));
  EXPECT_TRUE(answers_after_the_call<Result<UserDirectory::Places>>(
      loop_, [&](auto reply) { first_->find({queue("ann")}, std::move(reply)); }));
}

TEST_P(UserDirectoryContract, FindsNobodyWhereNobodyIs) {
  EXPECT_TRUE(find(*first_, queue("ann")).empty());
  EXPECT_TRUE(find(*first_, std::vector<UserQueue>{}).empty());
}

TEST_P(UserDirectoryContract, FindsTheSessionsOfAUserOnEveryGateway) {
  enter(*second_, {{queue("ann"), SessionId("b")}, {queue("ann"), SessionId("c")}});
  enter(*first_, {{queue("ann"), SessionId("a")}});
  const Places expected{place("gateway-1", 1), place("gateway-2", 2)};
  EXPECT_EQ(find(*first_, queue("ann")), expected);
  EXPECT_EQ(find(*second_, queue("ann")), expected);
}

TEST_P(UserDirectoryContract, UsersAndQueuesAreKeptApart) {
  enter(*first_, {{queue("ann", "notes"), SessionId("a")},
                  {queue("ann", "calls"), SessionId("b")},
                  {queue("bob", "notes"), SessionId("c")}});
  EXPECT_EQ(find(*second_, queue("ann", "notes")), Places{place("gateway-1", 1)});
  EXPECT_EQ(find(*second_, queue("ann", "calls")), Places{place("gateway-1", 1)});
  EXPECT_TRUE(find(*second_, queue("bob", "calls")).empty());
  EXPECT_TRUE(find(*second_, queue("ann", "note")).empty());
  EXPECT_TRUE(find(*second_, queue("an", "notes")).empty());
}

TEST_P(UserDirectoryContract, AnswersManyQueuesInTheOrderAsked) {
  std::vector<QueueSession> sessions;
  std::vector<UserQueue> asked;
  for (int i = 0; i < 300; ++i) {
    const UserQueue one = queue("user-" + std::to_string(i));
    asked.push_back(one);
    if (i % 2 == 0) sessions.push_back({one, SessionId(std::to_string(i))});
  }
  enter(*first_, sessions);
  const auto found = find(*second_, asked);
  ASSERT_EQ(found.size(), asked.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].size(), i % 2 == 0 ? 1U : 0U) << i;
  }
}

TEST_P(UserDirectoryContract, NamesMayHaveAnyBytesThatAUserMayHave) {
  for (const std::string user : {"{ann}", "a b:c/d", "J\xc3\xb6rg \xe2\x98\x83", "user:notes"}) {
    enter(*first_, {{queue(user), SessionId("a")}});
    EXPECT_EQ(find(*second_, queue(user)), Places{place("gateway-1", 1)}) << user;
  }
  EXPECT_TRUE(find(*second_, queue("ann")).empty());
}

TEST_P(UserDirectoryContract, ASessionThatEntersAgainCountsOnce) {
  enter(*first_, {{queue("ann"), SessionId("a")}, {queue("ann"), SessionId("a")}});
  enter(*first_, {{queue("ann"), SessionId("a")}});
  EXPECT_EQ(find(*second_, queue("ann")), Places{place("gateway-1", 1)});
}

TEST_P(UserDirectoryContract, WhoLeavesIsNotCountedAndTheLastOneIsGone) {
  enter(*first_, {{queue("ann"), SessionId("a")}, {queue("ann"), SessionId("b")}});
  enter(*second_, {{queue("ann"), SessionId("c")}});
  first_->leave({{queue("ann"), SessionId("a")}, {queue("ann"), SessionId("never-here")}});
  first_->leave({{queue("nobody"), SessionId("a")}});
  const Places one_each{place("gateway-1", 1), place("gateway-2", 1)};
  EXPECT_EQ(find(*first_, queue("ann")), one_each);
  first_->leave({{queue("ann"), SessionId("b")}});
  EXPECT_EQ(find(*first_, queue("ann")), Places{place("gateway-2", 1)});
  second_->leave({{queue("ann"), SessionId("c")}});
  EXPECT_TRUE(find(*second_, queue("ann")).empty());
  enter(*first_, {{queue("ann"), SessionId("d")}});
  EXPECT_EQ(find(*second_, queue("ann")), Places{place("gateway-1", 1)});
}

}  // namespace stampede::test
