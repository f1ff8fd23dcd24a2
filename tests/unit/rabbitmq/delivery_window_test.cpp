#include "shared/adapters/rabbitmq/delivery_window.h"

#include <gtest/gtest.h>

namespace stampede::rabbitmq {
namespace {

class DeliveryWindowTest : public testing::Test {
 protected:
  void add(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(window_.add(++last_, std::make_shared<const Message>()));
    }
  }
  /// The acks due: "3*" is tag 3 with multiple.
  std::string due() {
    std::string out;
    for (const auto& ack : window_.due()) {
      if (!out.empty()) out += ' ';
      out += std::to_string(ack.tag) + (ack.multiple ? "*" : "");
    }
    return out;
  }

  DeliveryWindow window_;
  DeliveryWindow::Tag last_ = 0;
};

TEST_F(DeliveryWindowTest, AcksABatchWithOneMethod) {
  add(5);
  for (const auto tag : {1U, 2U, 3U}) window_.ack(tag);
  EXPECT_EQ(due(), "3*");
  window_.ack(4);
  EXPECT_EQ(due(), "4");
  EXPECT_EQ(due(), "");
  EXPECT_EQ(window_.size(), 1U);
}

TEST_F(DeliveryWindowTest, AcksWhatIsDoneOutOfOrderOneByOneAndNeverTwice) {
  add(5);
  window_.ack(2);
  window_.ack(3);
  EXPECT_EQ(due(), "2 3");
  window_.ack(1);
  EXPECT_EQ(due(), "1") << "2 and 3 are known to be acked";
  window_.ack(5);
  window_.ack(4);
  EXPECT_EQ(due(), "5*");
}

TEST_F(DeliveryWindowTest, NamesTheNewestTagThatIsNotAckedYet) {
  add(4);
  window_.ack(4);
  EXPECT_EQ(due(), "4");
  for (const auto tag : {1U, 2U, 3U}) window_.ack(tag);
  EXPECT_EQ(due(), "3*") << "tag 4 is unknown to the broker now";
  EXPECT_EQ(window_.size(), 0U);
}

TEST_F(DeliveryWindowTest, IgnoresUnknownTagsAndSecondAcks) {
  add(2);
  window_.ack(0);
  window_.ack(3);
  window_.ack(1);
  window_.ack(1);
  EXPECT_EQ(due(), "1");
  window_.ack(1);
  EXPECT_EQ(due(), "");
}

TEST_F(DeliveryWindowTest, TakenDeliveriesHoldTheFrontUntilAcked) {
  add(3);
  EXPECT_NE(window_.take(1), nullptr);
  EXPECT_EQ(window_.take(1), nullptr);
  window_.ack(1);
  window_.ack(2);
  EXPECT_EQ(due(), "2") << "the consumer no longer holds 1";
  window_.ack_taken(1);
  EXPECT_EQ(due(), "1");
}

TEST_F(DeliveryWindowTest, GivenBackDeliveriesAreNeverAcked) {
  add(2);
  EXPECT_FALSE(window_.give_back(1)) << "the consumer holds it";
  window_.take(1);
  EXPECT_TRUE(window_.give_back(1));
  EXPECT_FALSE(window_.give_back(1));
  EXPECT_EQ(due(), "");
  window_.ack(2);
  EXPECT_EQ(due(), "2");
  EXPECT_EQ(window_.size(), 0U);
}

TEST_F(DeliveryWindowTest, NoticesSkippedTagsAndBeginsAnewAfterReset) {
  add(2);
  EXPECT_FALSE(window_.add(4, nullptr));
  EXPECT_FALSE(window_.add(2, nullptr));
  window_.ack(1);
  window_.reset();
  EXPECT_EQ(due(), "");
  EXPECT_TRUE(window_.add(1, nullptr));
}

}  // namespace
}  // namespace stampede::rabbitmq
