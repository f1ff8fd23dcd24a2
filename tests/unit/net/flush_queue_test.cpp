#include "gateway/net/flush_queue.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <deque>
#include <functional>
#include <vector>

namespace stampede::test {
namespace {

using gateway::FlushQueue;

class Item final : public FlushQueue::Item {
 public:
  Item(std::vector<const Item*>& flushed, FlushQueue& queue) : flushed_(flushed), queue_(queue) {}
  void flush() override {
    flushed_.push_back(this);
    if (comes_back) queue_.add(*this);
    comes_back = false;
  }

  bool comes_back = false;

 private:
  std::vector<const Item*>& flushed_;
  FlushQueue& queue_;
};

class FlushQueueTest : public testing::Test {
 protected:
  Item& queued() {
    Item& item = items_.emplace_back(flushed_, queue_);
    queue_.add(item);
    return item;
  }

  boost::asio::io_context context_{1};
  std::size_t turns_ = 0;
  FlushQueue queue_{context_, [this] { ++turns_; }};
  std::vector<const Item*> flushed_;
  std::deque<Item> items_;
};

TEST_F(FlushQueueTest, FlushesEachOnceAtTheEndOfTheTurn) {
  Item& first = queued();
  Item& second = queued();
  queue_.add(first);
  EXPECT_TRUE(flushed_.empty());
  context_.run();
  EXPECT_EQ(flushed_, (std::vector<const Item*>{&first, &second}));
  EXPECT_EQ(turns_, 1u);
}

TEST_F(FlushQueueTest, WhatComesBackWaitsForTheNextTurn) {
  Item& item = queued();
  item.comes_back = true;
  context_.run_one();
  EXPECT_EQ(flushed_.size(), 1u);
  context_.run();
  EXPECT_EQ(flushed_.size(), 2u);
}

TEST_F(FlushQueueTest, BetweenTheTurnsOfALongQueueOthersHaveTheirs) {
  for (int i = 0; i < 600; ++i) queued();
  std::vector<std::size_t> seen;
  const std::function<void()> look = [&] {
    seen.push_back(flushed_.size());
    if (flushed_.size() < items_.size()) boost::asio::post(context_, look);
  };
  boost::asio::post(context_, look);
  context_.run();
  ASSERT_GT(seen.size(), 4u);
  EXPECT_LT(seen[0], 600u);
  EXPECT_GT(seen[4], seen[0]) << "which is when a message has found its way";
  for (std::size_t i = 0; i < items_.size(); ++i) EXPECT_EQ(flushed_[i], &items_[i]);
  EXPECT_EQ(turns_, 3u);
}

TEST_F(FlushQueueTest, AMessageThatArrivesBetweenTwoTurnsIsThereBeforeTheSecond) {
  for (int i = 0; i < 600; ++i) queued();
  std::size_t flushed_when_there = 0;
  // Read, sequenced, answered: each posts what is next.
  boost::asio::post(context_, [&] {
    boost::asio::post(context_, [&] {
      boost::asio::post(context_, [&] { flushed_when_there = flushed_.size(); });
    });
  });
  context_.run();
  EXPECT_EQ(flushed_when_there, 256u);
  EXPECT_EQ(flushed_.size(), 600u);
}

}  // namespace
}  // namespace stampede::test
