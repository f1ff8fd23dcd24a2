#include "tests/unit/session/session_fixture.h"

namespace stampede::gateway {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class SessionMessageKeyTest : public SessionTest {
 protected:
  void send(const std::string& key, const std::string& receipt) {
    frame("SEND\ndestination:/topic/a\nmessage-key:" + key + "\nreceipt:" + receipt + "\n\nhi");
    shard_.feed.answer_all();
    shard_.executor.run();
  }
};

TEST_F(SessionMessageKeyTest, ARepeatIsReceiptedLikeTheFirstAndDeliveredOnce) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  send("k1", "r");
  ASSERT_THAT(sent(), SizeIs(2)) << "MESSAGE and RECEIPT";
  EXPECT_THAT(sent()[0], HasSubstr("message-key:k1\n"));
  const std::string receipt = sent()[1];
  EXPECT_THAT(receipt, HasSubstr("seq:"));
  send("k1", "r");
  ASSERT_THAT(sent(), SizeIs(3));
  EXPECT_EQ(sent()[2], receipt);
  send("k2", "r");
  EXPECT_THAT(sent(), SizeIs(5)) << "another key is another message";
}

TEST_F(SessionMessageKeyTest, IsForgottenAfterItsTime) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  send("k1", "r");
  shard_.clock.advance(Seconds(299));
  send("k1", "r");
  EXPECT_THAT(sent(), SizeIs(3));
  shard_.clock.advance(Seconds(2));
  send("k1", "r");
  EXPECT_THAT(sent(), SizeIs(5)) << "delivered and receipted as a new one";
}

TEST_F(SessionMessageKeyTest, MayHoldUpTo200Bytes) {
  connect();
  frame("SEND\ndestination:/topic/a\nmessage-key:" + std::string(200, 'k') + "\n\nhi");
  EXPECT_THAT(sent(), SizeIs(0));
  frame("SEND\ndestination:/topic/a\nmessage-key:" + std::string(201, 'k') + "\nreceipt:r\n\nhi");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], HasSubstr("message:Invalid header\n"));
  EXPECT_THAT(sent()[0], HasSubstr("message-key has 201 bytes; allowed: 1 to 200"));
  EXPECT_THAT(sent()[0], HasSubstr("receipt-id:r\n"));
}

TEST_F(SessionMessageKeyTest, IsNotEmpty) {
  connect();
  frame("SEND\ndestination:/topic/a\nmessage-key:\n\nhi");
  EXPECT_THAT(sent().at(0), HasSubstr("allowed: 1 to 200"));
}

}  // namespace
}  // namespace stampede::gateway
