#include "shared/adapters/redis/change_queue.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace stampede::redis {
namespace {

class ChangeQueueTest : public testing::Test {
 protected:
  void add(char name, std::size_t members) {
    queue_.add(
        members,
        [this, name](ChangeQueue::Done done) {
          log_ += name;
          done_[name] = std::move(done);
        },
        [this, name](const Error&) { dropped_ += name; });
  }

  ChangeQueue queue_{10};
  std::string log_;
  std::string dropped_;
  std::map<char, ChangeQueue::Done> done_;
};

TEST_F(ChangeQueueTest, StartsWhatFits) {
  add('a', 6);
  add('b', 4);
  add('c', 1);
  EXPECT_EQ(log_, "ab");
  done_.at('a')();
  EXPECT_EQ(log_, "abc");
}

TEST_F(ChangeQueueTest, KeepsTheOrderEvenIfALaterOneWouldFit) {
  add('a', 9);
  add('b', 5);
  add('c', 1);
  EXPECT_EQ(log_, "a");
  done_.at('a')();
  EXPECT_EQ(log_, "abc");
}

TEST_F(ChangeQueueTest, AChangeLargerThanAllThatMayBeOpenGoesAlone) {
  add('a', 1);
  add('b', 50);
  add('c', 1);
  EXPECT_EQ(log_, "a");
  done_.at('a')();
  EXPECT_EQ(log_, "ab");
  done_.at('b')();
  EXPECT_EQ(log_, "abc");
}

TEST_F(ChangeQueueTest, AChangeOfNobodyWaitsForThoseBeforeItToBeStarted) {
  add('a', 10);
  add('b', 3);
  add('q', 0);
  EXPECT_EQ(log_, "a");
  done_.at('a')();
  EXPECT_EQ(log_, "abq") << "started, not done: the pipeline keeps the order from there";
}

TEST_F(ChangeQueueTest, IsBusyUntilAllIsDone) {
  EXPECT_FALSE(queue_.busy());
  add('a', 10);
  add('b', 10);
  done_.at('a')();
  EXPECT_TRUE(queue_.busy());
  done_.at('b')();
  EXPECT_FALSE(queue_.busy());
}

TEST_F(ChangeQueueTest, DropsWhatWasNotStarted) {
  add('a', 10);
  add('b', 10);
  add('c', 0);
  queue_.drop_all({Errc::kUnavailable, "Redis is away"});
  EXPECT_EQ(dropped_, "bc");
  EXPECT_TRUE(queue_.busy());
  done_.at('a')();
  EXPECT_EQ(log_, "a");
  EXPECT_FALSE(queue_.busy());
}

TEST(ChangeQueueDepthTest, ManyThatAreDoneAtOnceDoNotNest) {
  ChangeQueue queue(1);
  ChangeQueue::Done first;
  std::size_t started = 0;
  queue.add(
      1, [&](ChangeQueue::Done done) { first = std::move(done); }, [](const Error&) {});
  for (int i = 0; i < 1'000'000; ++i) {
    queue.add(
        1,
        [&](const ChangeQueue::Done& done) {
          ++started;
          done();
        },
        [](const Error&) {});
  }
  first();
  EXPECT_EQ(started, 1'000'000U);
}

}  // namespace
}  // namespace stampede::redis
