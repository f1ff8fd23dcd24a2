// Manual acknowledgement and transactions.
#include "tests/unit/session/session_fixture.h"

namespace stampede::gateway {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Subscribes by hand-given acknowledgements and sends three messages to itself.
class AcknowledgingSessionTest : public SessionTest {
 protected:
  void begin(const std::string& connect_headers, const std::string& subscribe_headers) {
    connect(connect_headers);
    frame("SUBSCRIBE\nid:0\ndestination:/topic/a\n" + subscribe_headers);
    for (const char* body : {"one", "two", "three"}) {
      frame(std::string("SEND\ndestination:/topic/a\n\n") + body);
    }
  }
  static std::string header(const std::string& text, const std::string& name) {
    const std::size_t at = text.find("\n" + name + ":");
    if (at == std::string::npos) return "";
    const std::size_t from = at + name.size() + 2;
    return text.substr(from, text.find('\n', from) - from);
  }
};

TEST_F(AcknowledgingSessionTest, PrefetchBoundsWhatIsUnderWay) {
  begin("accept-version:1.2", "ack:client-individual\nprefetch-count:1");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], HasSubstr("one"));
  frame("ACK\nid:" + header(sent()[0], "ack") + "\nreceipt:r1");
  ASSERT_THAT(sent(), SizeIs(3));
  EXPECT_THAT(sent()[1], HasSubstr("two"));
  EXPECT_THAT(sent()[2], HasSubstr("receipt-id:r1\n"));
}

TEST_F(AcknowledgingSessionTest, ANackBringsItBackMarked) {
  begin("accept-version:1.2", "ack:client-individual\nprefetch-count:1");
  frame("NACK\nid:" + header(sent().at(0), "ack"));
  ASSERT_THAT(sent(), SizeIs(2));
  EXPECT_THAT(sent()[1], HasSubstr("one"));
  EXPECT_THAT(sent()[1], HasSubstr("redelivered:true\n"));
  frame("NACK\nrequeue:false\nid:" + header(sent()[1], "ack"));
  EXPECT_THAT(sent().at(2), HasSubstr("two"));
}

TEST_F(AcknowledgingSessionTest, ClientModeAcknowledgesAllBefore) {
  begin("accept-version:1.2", "ack:client\nprefetch-count:2");
  ASSERT_THAT(sent(), SizeIs(2));
  frame("ACK\nid:" + header(sent()[1], "ack"));
  EXPECT_THAT(sent().at(2), HasSubstr("three"));
}

TEST_F(AcknowledgingSessionTest, Version11AnswersByMessageId) {
  begin("accept-version:1.1", "ack:client-individual\nprefetch-count:1");
  EXPECT_EQ(header(sent().at(0), "ack"), "") << "only 1.2 has it";
  frame("ACK\nsubscription:0\nmessage-id:" + header(sent()[0], "message-id"));
  EXPECT_THAT(sent().at(1), HasSubstr("two"));
  frame("ACK\nmessage-id:" + header(sent()[1], "message-id"));
  EXPECT_THAT(sent().at(2), HasSubstr("message:Missing header\n"));
}

TEST_F(AcknowledgingSessionTest, Version10NeedsTheMessageIdAlone) {
  begin("login:ann", "ack:client\nprefetch-count:1");
  frame("ACK\nmessage-id:" + header(sent().at(0), "message-id"));
  EXPECT_THAT(sent().at(1), HasSubstr("two"));
}

TEST_F(AcknowledgingSessionTest, AnInventedIdIsAnErrorALateOneIsNot) {
  begin("accept-version:1.2", "ack:client-individual");
  const std::string late = header(sent().at(2), "ack");
  frame("UNSUBSCRIBE\nid:0");
  frame("ACK\nid:" + late + "\nreceipt:r1");
  EXPECT_THAT(sent().back(), HasSubstr("receipt-id:r1\n"));
  frame("ACK\nid:7-1");
  EXPECT_THAT(sent().back(), HasSubstr("message:Invalid header\n"));
}

TEST_F(AcknowledgingSessionTest, OtherModesAndCountsAreRefused) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nack:sometimes");
  EXPECT_THAT(sent().at(0), HasSubstr("auto, client, client-individual"));
}

TEST_F(AcknowledgingSessionTest, AClientThatNeverAnswersIsASlowConsumer) {
  shard_.context.limits.max_unacknowledged_bytes = 9;
  begin("accept-version:1.2", "ack:client\nprefetch-count:1");
  EXPECT_FALSE(transport_.closed);
  frame("SEND\ndestination:/topic/a\n\nfour");
  EXPECT_EQ(transport_.closed, CloseReason::kSlowConsumer);
  EXPECT_THAT(sent().back(), HasSubstr("no more than 9 are kept; acknowledge sooner"));
}

TEST_F(SessionTest, ATransactionTakesEffectAtItsCommit) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("BEGIN\ntransaction:t\nreceipt:r0");
  frame("SEND\ntransaction:t\ndestination:/topic/a\nreceipt:r1\n\none");
  frame("SEND\ntransaction:t\ndestination:/topic/a\nreceipt:r2\n\ntwo");
  ASSERT_THAT(sent(), SizeIs(1)) << "only BEGIN is receipted";
  EXPECT_THAT(shard_.feed.appends, IsEmpty());
  frame("COMMIT\ntransaction:t\nreceipt:r3");
  ASSERT_THAT(shard_.feed.appends, SizeIs(1)) << "published together";
  EXPECT_THAT(shard_.feed.appends[0].batch, SizeIs(2));
  ASSERT_THAT(sent(), SizeIs(3)) << "delivered, and not receipted before the confirm";
  shard_.feed.answer_all();
  shard_.executor.run();
  ASSERT_THAT(sent(), SizeIs(6));
  for (int i = 1; i <= 3; ++i) {
    EXPECT_THAT(sent()[static_cast<std::size_t>(i) + 2],
                HasSubstr("receipt-id:r" + std::to_string(i) + "\n"));
  }
}

TEST_F(SessionTest, AnAbortedTransactionNeverWas) {
  connect();
  frame("BEGIN\ntransaction:t");
  frame("SEND\ntransaction:t\ndestination:/topic/a\nreceipt:r1\n\none");
  frame("ABORT\ntransaction:t\nreceipt:r2");
  EXPECT_THAT(shard_.feed.appends, IsEmpty());
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], HasSubstr("receipt-id:r2\n"));
  frame("BEGIN\ntransaction:t\nreceipt:r3");
  EXPECT_THAT(sent().back(), HasSubstr("receipt-id:r3\n")) << "the name is free again";
}

TEST_F(SessionTest, AnEmptyTransactionCommits) {
  connect();
  frame("BEGIN\ntransaction:t");
  frame("COMMIT\ntransaction:t\nreceipt:r1");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], HasSubstr("receipt-id:r1\n"));
}

TEST_F(SessionTest, AnUnconfirmedTransactionIsAnError) {
  connect();
  frame("BEGIN\ntransaction:t");
  frame("SEND\ntransaction:t\ndestination:/topic/a\n\none");
  frame("COMMIT\ntransaction:t\nreceipt:r1");
  shard_.feed.answer_all(Error(Errc::kUnavailable, "broker gone"));
  shard_.executor.run();
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], HasSubstr("message:Message not stored\n"));
}

TEST_F(SessionTest, TransactionsThatNeverBeganAreNamed) {
  connect();
  frame("COMMIT\ntransaction:nope");
  EXPECT_THAT(sent().at(0), HasSubstr("message:Bad transaction\n"));
  EXPECT_THAT(sent()[0], HasSubstr("'nope' has not begun"));
}

TEST_F(SessionTest, TransactionsAreBounded) {
  shard_.context.limits.max_transaction_frames = 2;
  connect();
  frame("BEGIN\ntransaction:t");
  for (int i = 0; i < 3; ++i) frame("SEND\ntransaction:t\ndestination:/topic/a\n\nx");
  EXPECT_THAT(sent().back(), HasSubstr("a transaction may hold 2 frames"));
}

}  // namespace
}  // namespace stampede::gateway
