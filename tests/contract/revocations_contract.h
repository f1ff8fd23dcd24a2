#pragma once

// What every Revocations port must keep. Include in one .cpp per test binary and instantiate with a
// RevocationsFixtureFactory as in message_bus_contract.h.

#include <algorithm>
#include <string>
#include <vector>

#include "shared/ports/revocations.h"
#include "shared/runtime/loop.h"
#include "tests/contract/asking.h"

namespace stampede::test {

/// The revocations of one cluster for the time of a test, none at first.
class RevocationsFixture {
 public:
  virtual ~RevocationsFixture() = default;
  /// As one program sees them, ready for use; remembered for `ttl`. All of one fixture are one
  /// cluster. The test destroys it before the fixture.
  virtual std::shared_ptr<Revocations> make_revocations(Milliseconds ttl) = 0;
};

using RevocationsFixtureFactory = std::function<std::unique_ptr<RevocationsFixture>()>;

class RevocationsContract : public testing::TestWithParam<RevocationsFixtureFactory> {
 protected:
  using News = Inbox<Revocation>;

  static Revocation user(const std::string& name) { return {UserId(name), {}, 0}; }
  static Revocation token(const std::string& id) { return {{}, id, 0}; }

  Result<void> revoke(Revocations& at, const Revocation& revocation) {
    return ask<Result<void>>(loop_, [&](auto reply) { at.revoke(revocation, std::move(reply)); });
  }
  std::shared_ptr<News> watch(Revocations& at) {
    auto inbox = std::make_shared<News>();
    at.watch(loop_, [this, inbox](const std::vector<Revocation>& news) {
      EXPECT_TRUE(loop_.is_current()) << "news came on a foreign thread";
      EXPECT_FALSE(news.empty());
      inbox->add(news);
    });
    return inbox;
  }
  /// Waits until it was heard, and returns the last of it.
  static Revocation heard(News& inbox, const Revocation& wanted) {
    const auto same = [&](const Revocation& one) {
      return one.user == wanted.user && one.token_id == wanted.token_id;
    };
    const auto all = inbox.wait_until([&](const std::vector<Revocation>& news) {
      return std::any_of(news.begin(), news.end(), same);
    });
    return *std::find_if(all.rbegin(), all.rend(), same);
  }
  static std::int64_t now_ms() {
    return std::chrono::duration_cast<Milliseconds>(system_clock().wall()).count();
  }

  void SetUp() override {
    loop_.start();
    fixture_ = GetParam()();
    first_ = fixture_->make_revocations(kLong);
    second_ = fixture_->make_revocations(kLong);
  }
  void TearDown() override {
    second_.reset();
    first_.reset();
    loop_.stop();
    fixture_.reset();
  }

  static constexpr Milliseconds kLong{600'000};

  Loop loop_{"contract"};
  std::unique_ptr<RevocationsFixture> fixture_;
  std::shared_ptr<Revocations> first_;
  std::shared_ptr<Revocations> second_;
};

TEST_P(RevocationsContract, RepliesAreNeverReentrant) {
  EXPECT_TRUE(answers_after_the_call<Result<void>>(
      loop_, [&](auto reply) { first_->revoke(user("ann"), std::move(reply)); }));
  EXPECT_TRUE(answers_after_the_call<Result<void>>(
      loop_, [&](auto reply) { first_->revoke({}, std::move(reply)); }));
}

TEST_P(RevocationsContract, EverybodyHearsOfIt) {
  const auto here = watch(*first_);
  const auto there = watch(*second_);
  ASSERT_TRUE(revoke(*first_, user("ann")));
  ASSERT_TRUE(revoke(*second_, token("t-1")));
  for (News* const inbox : {here.get(), there.get()}) {
    EXPECT_NEAR(static_cast<double>(heard(*inbox, user("ann")).at_ms),
                static_cast<double>(now_ms()), 60e3);
    EXPECT_NE(heard(*inbox, token("t-1")).at_ms, 0);
  }
}

TEST_P(RevocationsContract, WhoComesLaterHearsOfItToo) {
  ASSERT_TRUE(revoke(*first_, user("ann")));
  ASSERT_TRUE(revoke(*first_, token("t-1")));
  const auto late = fixture_->make_revocations(kLong);
  const auto inbox = watch(*late);
  heard(*inbox, user("ann"));
  heard(*inbox, token("t-1"));
  const auto again = watch(*late);
  heard(*again, user("ann"));
  heard(*again, token("t-1"));
}

TEST_P(RevocationsContract, AgainIsAsOfThen) {
  const auto inbox = watch(*second_);
  ASSERT_TRUE(revoke(*first_, user("ann")));
  const std::int64_t once = heard(*inbox, user("ann")).at_ms;
  ASSERT_TRUE(eventually([&] {
    EXPECT_TRUE(revoke(*first_, user("ann")));
    return heard(*inbox, user("ann")).at_ms > once;
  }));
  const auto late = fixture_->make_revocations(kLong);
  EXPECT_GT(heard(*watch(*late), user("ann")).at_ms, once);
}

TEST_P(RevocationsContract, NamesAreKeptToTheByte) {
  const std::vector<Revocation> odd{user("t:1"), user("\xc3\xbcmit Ann"), token("u:1"),
                                    token(std::string("a\0b\n", 4)), token(std::string(200, 'x'))};
  const auto inbox = watch(*second_);
  for (const Revocation& one : odd) ASSERT_TRUE(revoke(*first_, one));
  for (const Revocation& one : odd) heard(*inbox, one);
}

TEST_P(RevocationsContract, ManyAreAllHeardOf) {
  constexpr int kMany = 2'500;
  for (int i = 0; i < kMany; ++i) {
    first_->revoke(token(std::to_string(i)),
                   {loop_, [](const Result<void>& revoked) { EXPECT_TRUE(revoked); }});
  }
  ASSERT_TRUE(revoke(*first_, user("last")));
  const auto inbox = watch(*second_);
  const auto all = inbox->wait_for(kMany + 1);
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kMany + 1));
}

TEST_P(RevocationsContract, NeitherOrBothIsRefused) {
  for (const Revocation& wrong : {Revocation{}, Revocation{UserId("ann"), "t-1", 0}}) {
    const auto revoked = revoke(*first_, wrong);
    ASSERT_FALSE(revoked);
    EXPECT_TRUE(revoked.error().is(Errc::kInvalidArgument));
    EXPECT_EQ(revoked.error().detail, "a revocation names either a user or a token");
  }
  EXPECT_FALSE(revoke(*first_, token(std::string(201, 'x'))));
}

TEST_P(RevocationsContract, OldOnesAreForgotten) {
  const auto brief = fixture_->make_revocations(Milliseconds(50));
  ASSERT_TRUE(revoke(*brief, token("old")));
  EXPECT_TRUE(eventually([&] {
    EXPECT_TRUE(revoke(*brief, token("new")));
    const auto newcomer = fixture_->make_revocations(kLong);
    const auto seen = watch(*newcomer);
    heard(*seen, token("new"));
    const auto all = seen->snapshot();
    return std::none_of(all.begin(), all.end(),
                        [](const Revocation& one) { return one.token_id == "old"; });
  }));
}

}  // namespace stampede::test
