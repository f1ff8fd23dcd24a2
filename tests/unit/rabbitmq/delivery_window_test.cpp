#include "shared/adapters/rabbitmq/delivery_window.h"

#include <gtest/gtest.h>

namespace stampede::rabbitmq {
namespace {

class DeliveryWindowTest : public testing::Test {
 protected:
  /// Deliveries of so many messages each.
  void add(std::size_t count, std::size_t messages = 1) {
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(window_.add(++last_, parcel(messages)));
    }
  }
  static std::vector<MessageRef> parcel(std::size_t messages) {
    std::vector<MessageRef> out;
    for (std::size_t i = 0; i < messages; ++i) out.push_back(std::make_shared<const Message>());
    return out;
  }
  void ack(DeliveryWindow::Tag tag, std::size_t index = 0) { window_.ack({tag, index}); }
  MessageRef take(DeliveryWindow::Tag tag, std::size_t index = 0) {
    return window_.take({tag, index});
  }
  void ack_taken(DeliveryWindow::Tag tag, std::size_t index = 0) {
    window_.ack_taken({tag, index});
  }
  void give_back(DeliveryWindow::Tag tag, std::size_t index = 0) {
    window_.give_back({tag, index});
  }
  /// The answers due: "3*" is an ack of tag 3 with multiple, "-3" a nack.
  std::string due() {
    std::string out;
    for (const auto& answer : window_.due()) {
      if (!out.empty()) out += ' ';
      out +=
          (answer.requeue ? "-" : "") + std::to_string(answer.tag) + (answer.multiple ? "*" : "");
    }
    return out;
  }

  DeliveryWindow window_;
  DeliveryWindow::Tag last_ = 0;
};

TEST_F(DeliveryWindowTest, AcksABatchWithOneMethod) {
  add(5);
  for (const auto tag : {1U, 2U, 3U}) ack(tag);
  EXPECT_EQ(due(), "3*");
  ack(4);
  EXPECT_EQ(due(), "4");
  EXPECT_EQ(due(), "");
  EXPECT_EQ(window_.size(), 1U);
}

TEST_F(DeliveryWindowTest, AcksWhatIsDoneOutOfOrderOneByOneAndNeverTwice) {
  add(5);
  ack(2);
  ack(3);
  EXPECT_EQ(due(), "2 3");
  ack(1);
  EXPECT_EQ(due(), "1") << "2 and 3 are known to be acked";
  ack(5);
  ack(4);
  EXPECT_EQ(due(), "5*");
}

TEST_F(DeliveryWindowTest, NamesTheNewestTagThatIsNotAckedYet) {
  add(4);
  ack(4);
  EXPECT_EQ(due(), "4");
  for (const auto tag : {1U, 2U, 3U}) ack(tag);
  EXPECT_EQ(due(), "3*") << "tag 4 is unknown to the broker now";
  EXPECT_EQ(window_.size(), 0U);
}

TEST_F(DeliveryWindowTest, IgnoresUnknownTagsAndSecondAcks) {
  add(2);
  ack(0);
  ack(3);
  ack(1);
  ack(1);
  EXPECT_EQ(due(), "1");
  ack(1);
  EXPECT_EQ(due(), "");
}

TEST_F(DeliveryWindowTest, TakenDeliveriesHoldTheFrontUntilAcked) {
  add(3);
  EXPECT_NE(take(1), nullptr);
  EXPECT_EQ(take(1), nullptr);
  ack(1);
  ack(2);
  EXPECT_EQ(due(), "2") << "the consumer no longer holds 1";
  ack_taken(1);
  EXPECT_EQ(due(), "1");
}

TEST_F(DeliveryWindowTest, GivenBackDeliveriesAreNackedOnceAndNeverAcked) {
  add(3);
  give_back(1);
  EXPECT_EQ(due(), "") << "the consumer holds it";
  take(1);
  give_back(1);
  give_back(1);
  EXPECT_EQ(due(), "-1");
  ack(1);
  ack(2);
  ack(3);
  EXPECT_EQ(due(), "3*");
  EXPECT_EQ(window_.size(), 0U);
}

TEST_F(DeliveryWindowTest, AcksADeliveryWithItsLastMessage) {
  add(2, 3);
  ack(2, 0);
  ack(1, 2);
  ack(1, 0);
  EXPECT_EQ(due(), "");
  ack(1, 0);
  EXPECT_EQ(due(), "") << "the same one twice is not two";
  ack(1, 1);
  EXPECT_EQ(due(), "1");
  ack(2, 1);
  ack(2, 2);
  EXPECT_EQ(due(), "2");
  EXPECT_EQ(window_.size(), 0U);
}

TEST_F(DeliveryWindowTest, NamesEachMessageOfADelivery) {
  const auto messages = parcel(3);
  ASSERT_TRUE(window_.add(1, {messages[0], nullptr, messages[2]}));
  EXPECT_EQ(take(1, 2), messages[2]);
  EXPECT_EQ(take(1, 2), nullptr);
  EXPECT_EQ(take(1, 1), nullptr) << "it is none, and taken all the same";
  EXPECT_EQ(take(1, 3), nullptr);
  ack(1, 3);
  ack_taken(1, 2);
  ack_taken(1, 1);
  EXPECT_EQ(due(), "");
  ack(1, 0);
  EXPECT_EQ(due(), "1");
}

TEST_F(DeliveryWindowTest, ADeliveryComesAgainAsAWholeWhenItIsFinished) {
  add(3, 2);
  ack(1, 0);
  take(2, 0);
  give_back(2, 0);
  EXPECT_EQ(due(), "") << "the consumer may still store the rest";
  for (const DeliveryWindow::Tag tag : {1U, 2U}) ack(tag, 1);
  ack(3, 0);
  ack(3, 1);
  EXPECT_EQ(due(), "-2 3*") << "the nack before the ack that would take it in";
  EXPECT_EQ(window_.size(), 0U);
}

TEST_F(DeliveryWindowTest, NoAckNamesATagThatWasNacked) {
  add(2, 2);
  take(2, 1);
  give_back(2, 1);
  ack(2, 0);
  EXPECT_EQ(due(), "-2");
  ack(1, 0);
  ack(1, 1);
  EXPECT_EQ(due(), "1");
  EXPECT_EQ(window_.size(), 0U);
}

TEST_F(DeliveryWindowTest, NoticesSkippedTagsAndBeginsAnewAfterReset) {
  add(2, 2);
  EXPECT_FALSE(window_.add(4, parcel(1)));
  EXPECT_FALSE(window_.add(2, parcel(1)));
  ack(1, 0);
  ack(1, 1);
  window_.reset();
  EXPECT_EQ(due(), "");
  EXPECT_TRUE(window_.add(1, parcel(1)));
}

}  // namespace
}  // namespace stampede::rabbitmq
