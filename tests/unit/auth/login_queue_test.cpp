#include "shared/auth/login_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shared/auth/refusal_delay.h"
#include "shared/auth/verified_logins.h"
#include "tests/support/fake_clock.h"

namespace stampede::auth {
namespace {

using ::testing::ElementsAre;

std::string drain(LoginQueue& queue) {
  std::string order;
  while (const auto next = queue.pop()) order += next->address;
  return order;
}

WaitingLogin from(const std::string& address) {
  return {address, [] {}, [] {}};
}

TEST(LoginQueueTest, AddressesTakeTurns) {
  LoginQueue queue(100);
  for (const char* address : {"a", "a", "a", "b", "c", "b"}) {
    EXPECT_FALSE(queue.push(from(address)));
  }
  EXPECT_EQ(queue.size(), 6U);
  EXPECT_EQ(drain(queue), "abcaba");
  EXPECT_EQ(queue.size(), 0U);
}

TEST(LoginQueueTest, WhenFullTheOneThatSendsMostWaitsForItself) {
  LoginQueue queue(4);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(queue.push(from("flood")));
  EXPECT_EQ(queue.push(from("flood"))->address, "flood");
  EXPECT_EQ(queue.push(from("a"))->address, "flood") << "the newcomer gets its place";
  EXPECT_EQ(queue.push(from("b"))->address, "flood");
  EXPECT_EQ(queue.size(), 4U);
  EXPECT_EQ(drain(queue), "floodabflood");
}

TEST(LoginQueueTest, OfAnAddressTheNewestGoes) {
  LoginQueue queue(2);
  std::vector<int> refused;
  for (int i = 0; i < 4; ++i) {
    auto dropped = queue.push({"a", [] {}, [&refused, i] { refused.push_back(i); }});
    if (dropped) dropped->refuse();
  }
  EXPECT_THAT(refused, ElementsAre(2, 3));
}

TEST(LoginQueueTest, WhenEverybodyHasOneSomebodyGoesAndTheOthersKeepTheirTurns) {
  LoginQueue queue(3);
  for (const char* address : {"a", "b", "c"}) queue.push(from(address));
  const auto dropped = queue.push(from("d"));
  ASSERT_TRUE(dropped);
  const std::string rest = drain(queue);
  EXPECT_EQ(rest.size(), 3U);
  EXPECT_EQ(rest.find(dropped->address), std::string::npos);
  EXPECT_FALSE(queue.push(from("a")));
  EXPECT_EQ(drain(queue), "a");
}

TEST(RefusalDelayTest, DoublesForAnAddressUpToABound) {
  test::FakeClock clock;
  RefusalDelay delay(Milliseconds(1'000), Milliseconds(10'000));
  std::vector<Milliseconds::rep> delays;
  for (int i = 0; i < 6; ++i) delays.push_back(delay.next("a", clock.now()).count());
  EXPECT_THAT(delays, ElementsAre(1'000, 2'000, 4'000, 8'000, 10'000, 10'000));
  EXPECT_EQ(delay.next("b", clock.now()), Milliseconds(1'000));
}

TEST(RefusalDelayTest, BeginsAnewAfterAMinuteWithoutFailure) {
  test::FakeClock clock;
  RefusalDelay delay(Milliseconds(1'000), Milliseconds(10'000));
  delay.next("a", clock.now());
  clock.advance(Seconds(59));
  EXPECT_EQ(delay.next("a", clock.now()), Milliseconds(2'000));
  clock.advance(Seconds(59));
  EXPECT_EQ(delay.next("a", clock.now()), Milliseconds(4'000));
  clock.advance(Seconds(60));
  EXPECT_EQ(delay.next("a", clock.now()), Milliseconds(1'000));
  EXPECT_EQ(delay.size(), 1U);
}

TEST(RefusalDelayTest, RemembersABoundedNumberOfAddresses) {
  test::FakeClock clock;
  RefusalDelay delay(Milliseconds(1), Milliseconds(10));
  for (std::size_t i = 0; i < 2 * RefusalDelay::kMaxAddresses; ++i) {
    delay.next(std::to_string(i), clock.now());
  }
  EXPECT_LE(delay.size(), RefusalDelay::kMaxAddresses);
}

TEST(VerifiedLoginsTest, KnowThePasscodeOfAHashForAWhile) {
  test::FakeClock clock;
  VerifiedLogins logins;
  EXPECT_FALSE(logins.has("hash", "secret", clock.now()));
  logins.add("hash", "secret", clock.now());
  EXPECT_TRUE(logins.has("hash", "secret", clock.now()));
  EXPECT_FALSE(logins.has("hash", "secreT", clock.now()));
  EXPECT_FALSE(logins.has("other", "secret", clock.now()));
  EXPECT_FALSE(logins.has("has", "hsecret", clock.now()));
  clock.advance(VerifiedLogins::kKeep);
  EXPECT_FALSE(logins.has("hash", "secret", clock.now()));
}

}  // namespace
}  // namespace stampede::auth
