#include "shared/adapters/rabbitmq/confirm_queue.h"

#include <gtest/gtest.h>

#include <map>

namespace stampede::rabbitmq {
namespace {

class Outcomes final : public Settlement {
 public:
  void settle(std::size_t index, Result<void> outcome) override {
    EXPECT_FALSE(of.contains(index)) << index << " was settled twice";
    of.emplace(index, std::move(outcome));
  }
  /// "+" confirmed, "-" failed, "." open; by index.
  [[nodiscard]] std::string picture(std::size_t count) const {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
      const auto found = of.find(i);
      out += found == of.end() ? '.' : (found->second ? '+' : '-');
    }
    return out;
  }
  std::map<std::size_t, Result<void>> of;
};

class ConfirmQueueTest : public testing::Test {
 protected:
  void push(std::size_t count, Clock::Instant since = Clock::Instant(), std::size_t messages = 1) {
    for (std::size_t i = 0; i < count; ++i) {
      Publish publish;
      publish.settlement = outcomes_;
      publish.index = pushed_++;
      publish.messages = messages;
      publish.bytes = 10;
      publish.since = since;
      queue_.push(std::move(publish));
    }
  }
  /// Sends all that may be sent; the indices, in the order sent.
  std::vector<std::size_t> send() {
    std::vector<std::size_t> out;
    ConfirmQueue::Tag tag = 0;
    while (const Publish* next = queue_.next_to_send(tag)) {
      EXPECT_EQ(tag, ++last_tag_);
      out.push_back(next->index);
    }
    return out;
  }
  void reconnect() {
    queue_.connection_lost();
    last_tag_ = 0;
  }
  static Clock::Instant at(int second) { return Clock::Instant(Seconds(second)); }

  using Indices = std::vector<std::size_t>;
  std::shared_ptr<Outcomes> outcomes_ = std::make_shared<Outcomes>();
  std::size_t pushed_ = 0;
  ConfirmQueue::Tag last_tag_ = 0;
  ConfirmQueue queue_{4};
};

TEST_F(ConfirmQueueTest, SendsNoMoreThanTheWindow) {
  push(6);
  EXPECT_EQ(send(), (Indices{0, 1, 2, 3}));
  queue_.ack(1, false);
  EXPECT_EQ(send(), (Indices{4}));
  EXPECT_EQ(queue_.unsettled(), 5U);
}

TEST_F(ConfirmQueueTest, SettlesOneOrAllUpToATag) {
  push(4);
  send();
  EXPECT_EQ(queue_.ack(2, false).messages, 1U);
  EXPECT_EQ(outcomes_->picture(4), ".+..");
  EXPECT_EQ(queue_.ack(3, true).messages, 2U);
  EXPECT_EQ(outcomes_->picture(4), "+++.");
  EXPECT_EQ(queue_.ack(0, true).messages, 1U) << "tag 0 with multiple means all";
  EXPECT_EQ(outcomes_->picture(4), "++++");
  EXPECT_EQ(queue_.bytes(), 0U);
}

TEST_F(ConfirmQueueTest, IgnoresTagsThatAreNotInFlight) {
  push(2);
  send();
  EXPECT_EQ(queue_.ack(3, true).messages, 0U);
  EXPECT_EQ(queue_.ack(0, false).messages, 0U);
  queue_.ack(1, false);
  EXPECT_EQ(queue_.ack(1, true).messages, 0U);
  queue_.returned(9, "no such");
  EXPECT_EQ(outcomes_->picture(2), "+.");
}

TEST_F(ConfirmQueueTest, ReturnedPublishesAreSentAgain) {
  push(3);
  send();
  queue_.returned(1, "312 NO_ROUTE");
  EXPECT_EQ(queue_.ack(2, true).messages, 1U) << "the returned one is acked, and not confirmed";
  EXPECT_EQ(outcomes_->picture(3), ".+.");
  EXPECT_EQ(send(), Indices{}) << "not before retry";
  queue_.retry();
  EXPECT_EQ(send(), (Indices{0}));
  queue_.ack(0, true);
  EXPECT_EQ(outcomes_->picture(3), "+++");
}

TEST_F(ConfirmQueueTest, WhatIsReturnedUntilItExpiresFailsWithTheReason) {
  push(1, at(1));
  send();
  queue_.returned(1, "312 NO_ROUTE");
  queue_.ack(1, false);
  EXPECT_EQ(queue_.expire(at(2), "too late"), 1U);
  EXPECT_TRUE(outcomes_->of.at(0).error().is(Errc::kUnavailable));
  EXPECT_EQ(outcomes_->of.at(0).error().detail, "too late, and returned it: 312 NO_ROUTE");
}

TEST_F(ConfirmQueueTest, NackedPublishesAreSentAgainBeforeWhatWaits) {
  push(6);
  send();
  EXPECT_EQ(queue_.nack(2, true), 2U);
  EXPECT_EQ(send(), (Indices{4, 5})) << "not before retry";
  queue_.ack(6, true);
  push(1);
  queue_.retry();
  EXPECT_EQ(send(), (Indices{0, 1, 6}));
  queue_.ack(0, true);
  EXPECT_EQ(outcomes_->picture(7), "+++++++");
}

TEST_F(ConfirmQueueTest, UnconfirmedPublishesAreSentAgainInOrderAfterAReconnect) {
  push(6);
  send();
  queue_.ack(2, false);
  queue_.nack(1, false);
  queue_.returned(3, "312 NO_ROUTE");
  reconnect();
  EXPECT_EQ(send(), (Indices{0, 2, 3, 4}));
  queue_.ack(4, true);
  EXPECT_EQ(send(), (Indices{5}));
  EXPECT_EQ(outcomes_->picture(6), "+++++.") << "a return of the lost connection is forgotten";
}

TEST_F(ConfirmQueueTest, ExpiresWhatIsOldWhereverItStands) {
  push(2, at(1));
  send();
  queue_.nack(1, false);
  push(1, at(2));
  push(3, at(5));
  EXPECT_EQ(queue_.expire(at(3), "too late"), 3U);
  EXPECT_EQ(outcomes_->picture(6), "---...");
  EXPECT_EQ(outcomes_->of.at(1).error().detail, "too late");
  EXPECT_EQ(outcomes_->of.at(0).error().detail, "too late, and refused it");
  EXPECT_EQ(send(), (Indices{3, 4, 5}));
}

TEST_F(ConfirmQueueTest, ExpiredPublishesThatWereSentKeepTheirTag) {
  push(1, at(1));
  push(1, at(9));
  push(1, at(1));
  send();
  EXPECT_EQ(queue_.expire(at(3), "too late"), 2U);
  EXPECT_EQ(queue_.in_flight(), 1U);
  queue_.ack(1, false);
  queue_.ack(2, false);
  queue_.ack(3, false);
  EXPECT_EQ(outcomes_->picture(3), "-+-");
}

TEST_F(ConfirmQueueTest, SentAgainAndOlderThanItsNeighboursStillExpires) {
  push(1, at(1));
  send();
  queue_.nack(1, false);
  push(1, at(8));
  send();
  queue_.retry();
  send();
  EXPECT_EQ(queue_.expire(at(5), "too late"), 1U);
  EXPECT_EQ(outcomes_->picture(2), "-.");
}

TEST_F(ConfirmQueueTest, KnowsTheBytesOfWhatIsUnsettled) {
  push(10);
  EXPECT_EQ(queue_.bytes(), 100U);
  send();
  queue_.ack(1, false);
  EXPECT_EQ(queue_.bytes(), 90U);
}

TEST_F(ConfirmQueueTest, TellsOfMessagesAndKeepsToAWindowOfPublishes) {
  push(6, at(1), 3);
  EXPECT_EQ(send().size(), 4U);
  EXPECT_EQ(queue_.in_flight(), 4U);
  EXPECT_EQ(queue_.unsettled(), 18U);
  EXPECT_EQ(queue_.returned(4, "312 NO_ROUTE"), 3U);
  EXPECT_EQ(queue_.returned(5, "312 NO_ROUTE"), 0U) << "not sent yet";
  EXPECT_EQ(queue_.ack(2, true).messages, 6U);
  EXPECT_EQ(queue_.nack(3, false), 3U);
  EXPECT_EQ(queue_.ack(4, false).messages, 0U) << "returned";
  EXPECT_EQ(queue_.unsettled(), 12U);
  EXPECT_EQ(queue_.expire(at(2), "too late"), 12U);
  EXPECT_EQ(outcomes_->picture(6), "++----");
}

TEST_F(ConfirmQueueTest, CancelsEverythingOnce) {
  push(6);
  send();
  queue_.ack(1, false);
  queue_.nack(2, false);
  queue_.cancel_all({Errc::kCancelled, "bye"});
  EXPECT_EQ(outcomes_->picture(6), "+-----");
  EXPECT_EQ(queue_.unsettled(), 0U);
  EXPECT_TRUE(send().empty());
}

}  // namespace
}  // namespace stampede::rabbitmq
