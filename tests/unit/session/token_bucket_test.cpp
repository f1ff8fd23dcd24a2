#include "gateway/session/token_bucket.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/support/fake_clock.h"

namespace stampede::gateway {
namespace {

constexpr Rate kTenASecond{10, Milliseconds(500)};

/// How many tokens can be taken without waiting.
int takes_at_once(TokenBucket& bucket, const Rate& rate, Clock::Instant now) {
  int taken = 0;
  while (bucket.take(rate, now) <= rate.depth()) ++taken;
  return taken;
}

TEST(TokenBucketTest, HoldsABurstAndFillsAtItsRate) {
  test::FakeClock clock;
  TokenBucket bucket;
  EXPECT_TRUE(bucket.full(clock.now()));
  EXPECT_EQ(kTenASecond.most_at_once(), 5u);
  EXPECT_EQ(takes_at_once(bucket, kTenASecond, clock.now()), 5);
  EXPECT_FALSE(bucket.full(clock.now()));
  clock.advance(Milliseconds(400));  // one token was taken in advance
  EXPECT_EQ(takes_at_once(bucket, kTenASecond, clock.now()), 3);
  clock.advance(Milliseconds(60'000));
  EXPECT_TRUE(bucket.full(clock.now()));
  EXPECT_EQ(takes_at_once(bucket, kTenASecond, clock.now()), 5) << "never more than a burst";
}

TEST(TokenBucketTest, SaysHowLongToWaitForATokenTakenInAdvance) {
  test::FakeClock clock;
  TokenBucket bucket;
  const Rate rate{10, Milliseconds(100)};
  EXPECT_EQ(rate.most_at_once(), 1u);
  EXPECT_LE(bucket.take(rate, clock.now()), rate.depth());
  EXPECT_EQ(bucket.take(rate, clock.now()) - rate.depth(), Milliseconds(100));
  EXPECT_EQ(bucket.take(rate, clock.now()) - rate.depth(), Milliseconds(200));
}

TEST(TokenBucketTest, NobodyWaitsForEverForTokensThatWereTakenAndNotUsed) {
  const test::FakeClock clock;
  TokenBucket bucket;
  for (int i = 0; i < 1000; ++i) static_cast<void>(bucket.take(kTenASecond, clock.now()));
  EXPECT_EQ(bucket.take(kTenASecond, clock.now()) - kTenASecond.depth(), Seconds(10));
}

TEST(TokenBucketTest, ASlowRateStillHasOneToken) {
  const Rate rate{1, Milliseconds(100)};
  test::FakeClock clock;
  TokenBucket bucket;
  EXPECT_EQ(rate.most_at_once(), 1u);
  EXPECT_EQ(takes_at_once(bucket, rate, clock.now()), 1);
}

TEST(TokenBucketTest, ThreadsTogetherGetNoMoreThanItHolds) {
  const test::FakeClock clock;
  const Rate rate{1000, Milliseconds(2000)};
  TokenBucket bucket;
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { taken += takes_at_once(bucket, rate, clock.now()); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 2000);
}

TEST(UserRatesTest, AUserHasOneBucketAndKeepsItWhileItIsNotFull) {
  test::FakeClock clock;
  UserRates rates;
  takes_at_once(*rates.bucket_of(UserId("ann"), clock.now()), kTenASecond, clock.now());
  EXPECT_FALSE(rates.bucket_of(UserId("ann"), clock.now())->full(clock.now()))
      << "coming back does not fill it";
  EXPECT_NE(rates.bucket_of(UserId("ann"), clock.now()),
            rates.bucket_of(UserId("bob"), clock.now()));
}

TEST(UserRatesTest, ForgetsFullBucketsOfThoseWhoLeft) {
  test::FakeClock clock;
  UserRates rates;
  const auto kept = rates.bucket_of(UserId("here"), clock.now());
  for (int i = 0; i < 10'000; ++i) {
    rates.bucket_of(UserId("user" + std::to_string(i)), clock.now())
        ->take(kTenASecond, clock.now());
  }
  EXPECT_GT(rates.size(), 10'000u) << "none is full yet";
  clock.advance(Milliseconds(1000));
  for (int i = 0; i < 20'000; ++i) {
    static_cast<void>(rates.bucket_of(UserId("other" + std::to_string(i)), clock.now()));
  }
  EXPECT_LT(rates.size(), 20'000u);
  EXPECT_EQ(rates.bucket_of(UserId("here"), clock.now()), kept);
}

}  // namespace
}  // namespace stampede::gateway
