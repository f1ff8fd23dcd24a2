#include "shared/adapters/memory/memory_feed.h"

#include <gmock/gmock.h>

#include <optional>

#include "tests/support/manual_executor.h"

namespace stampede::test {
namespace {

using testing::HasSubstr;
using Confirms = std::vector<Result<void>>;

MessageRef message_of(std::size_t body_bytes) {
  auto message = std::make_shared<Message>();
  message->id = new_message_id();
  message->room = RoomName("lobby");
  message->body.assign(body_bytes, 'x');
  return message;
}

class MemoryFeedTest : public testing::Test {
 protected:
  Reply<Confirms> into(std::optional<Confirms>& out) {
    return {executor_, [&out](Confirms confirms) { out = std::move(confirms); }};
  }
  /// Consumes and keeps what comes.
  void consume(MessageFeed& feed, std::size_t prefetch = 100) {
    feed.consume(prefetch, executor_, [this](std::vector<MessageFeed::Delivery> batch) {
      for (auto& delivery : batch) delivered_.push_back(std::move(delivery));
    });
  }

  ManualExecutor executor_;
  Metrics metrics_;
  std::vector<MessageFeed::Delivery> delivered_;
};

TEST_F(MemoryFeedTest, ConfirmsOnlyWhenAllOfTheBatchIsAcked) {
  memory::MemoryQueue queue({}, metrics_);
  memory::MemoryFeed feed(queue);
  consume(feed);
  std::optional<Confirms> confirms;
  feed.append({message_of(1), message_of(1)}, into(confirms));
  executor_.run();
  ASSERT_EQ(delivered_.size(), 2U);
  feed.ack({delivered_[1].tag});
  executor_.run();
  EXPECT_FALSE(confirms) << "one message is in nobody's store yet";
  feed.ack({delivered_[0].tag});
  executor_.run();
  ASSERT_TRUE(confirms);
  EXPECT_TRUE(confirms->at(0));
  EXPECT_TRUE(confirms->at(1));
}

TEST_F(MemoryFeedTest, ARejectedMessageFailsItsAppendWithTheReason) {
  memory::MemoryQueue queue({}, metrics_);
  memory::MemoryFeed feed(queue);
  consume(feed);
  std::optional<Confirms> confirms;
  feed.append({message_of(1), message_of(1)}, into(confirms));
  executor_.run();
  feed.reject({{delivered_.at(0).tag, "the disk is full"}});
  feed.ack({delivered_.at(1).tag});
  executor_.run();
  ASSERT_TRUE(confirms);
  EXPECT_TRUE(confirms->at(0).error().is(Errc::kInternal));
  EXPECT_THAT(confirms->at(0).error().detail, HasSubstr("the disk is full"));
  EXPECT_TRUE(confirms->at(1));
  EXPECT_THAT(metrics_.expose(), HasSubstr("stampede_memory_feed_rejected_total 1"));
}

TEST_F(MemoryFeedTest, RefusesWhatIsOverTheMessageLimitAndRecovers) {
  memory::MemoryQueue queue({.messages = 2}, metrics_);
  memory::MemoryFeed feed(queue);
  consume(feed, 1);
  std::optional<Confirms> confirms;
  feed.append({message_of(1), message_of(1), message_of(1)}, into(confirms));
  executor_.run();
  feed.ack({delivered_.at(0).tag});
  executor_.run();
  feed.ack({delivered_.at(1).tag});
  executor_.run();
  ASSERT_TRUE(confirms);
  EXPECT_TRUE(confirms->at(1));
  EXPECT_TRUE(confirms->at(2).error().is(Errc::kOverloaded));
  EXPECT_THAT(confirms->at(2).error().detail, HasSubstr("at most 2 messages"));
  EXPECT_THAT(metrics_.expose(), HasSubstr("stampede_memory_feed_refused_total 1"));

  confirms.reset();
  feed.append({message_of(1)}, into(confirms));
  executor_.run();
  feed.ack({delivered_.at(2).tag});
  executor_.run();
  ASSERT_TRUE(confirms);
  EXPECT_TRUE(confirms->at(0));
}

TEST_F(MemoryFeedTest, RefusesWhatIsOverTheByteLimit) {
  memory::MemoryQueue queue({.messages = 100, .bytes = 10'000}, metrics_);
  memory::MemoryFeed feed(queue);
  std::optional<Confirms> big;
  feed.append({message_of(10'001)}, into(big));
  executor_.run();
  ASSERT_TRUE(big);
  EXPECT_TRUE(big->at(0).error().is(Errc::kOverloaded));
  EXPECT_THAT(big->at(0).error().detail, HasSubstr("10000 bytes"));
  std::optional<Confirms> small;
  feed.append({message_of(100)}, into(small));
  executor_.run();
  EXPECT_FALSE(small) << "it waits for a consumer";
}

TEST_F(MemoryFeedTest, ADestroyedProducerIsAnsweredAndItsMessagesAreStillStored) {
  memory::MemoryQueue queue({}, metrics_);
  std::optional<Confirms> confirms;
  {
    memory::MemoryFeed producer(queue);
    producer.append({message_of(1)}, into(confirms));
  }
  executor_.run();
  ASSERT_TRUE(confirms);
  EXPECT_TRUE(confirms->at(0).error().is(Errc::kCancelled));
  memory::MemoryFeed consumer(queue);
  consume(consumer);
  executor_.run();
  ASSERT_EQ(delivered_.size(), 1U);
  consumer.ack({delivered_[0].tag});
}

TEST_F(MemoryFeedTest, IgnoresTagsThatAreNotItsOwn) {
  memory::MemoryQueue queue({}, metrics_);
  memory::MemoryFeed feed(queue);
  memory::MemoryFeed stranger(queue);
  consume(feed);
  std::optional<Confirms> confirms;
  feed.append({message_of(1)}, into(confirms));
  executor_.run();
  stranger.ack({delivered_.at(0).tag});
  feed.ack({delivered_.at(0).tag + 1});
  executor_.run();
  EXPECT_FALSE(confirms);
  feed.ack({delivered_.at(0).tag, delivered_.at(0).tag});
  executor_.run();
  EXPECT_TRUE(confirms);
}

TEST_F(MemoryFeedTest, GivesBackInTheOldOrder) {
  memory::MemoryQueue queue({}, metrics_);
  memory::MemoryFeed producer(queue);
  std::optional<Confirms> confirms;
  std::vector<MessageRef> sent;
  for (int i = 0; i < 10; ++i) sent.push_back(message_of(1));
  producer.append(sent, into(confirms));
  {
    memory::MemoryFeed dies(queue);
    consume(dies, 5);
    executor_.run();
    ASSERT_EQ(delivered_.size(), 5U);
    delivered_.clear();
  }
  memory::MemoryFeed lives(queue);
  consume(lives);
  executor_.run();
  ASSERT_EQ(delivered_.size(), 10U);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(delivered_[i].message->id, sent[i]->id);
    EXPECT_EQ(delivered_[i].redelivered, i < 5);
  }
}

}  // namespace
}  // namespace stampede::test
