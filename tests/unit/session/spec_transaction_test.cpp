// BEGIN, COMMIT, ABORT.
#include "tests/unit/session/specification.h"

namespace stampede::gateway {
namespace {

using stomp::Command;
using stomp::Version;
using testing::IsEmpty;
using testing::SizeIs;

class TransactionTest : public AnyVersionTest {
 protected:
  std::size_t published() const {
    std::size_t count = 0;
    for (const auto& append : shard_.feed.appends) count += append.batch.size();
    return count;
  }
};

TEST_P(TransactionTest, SendsAreHeldUntilCommit) {
  connect_here();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("BEGIN\ntransaction:t");
  frame("SEND\ndestination:/topic/a\ntransaction:t\n\none");
  frame("SEND\ndestination:/topic/a\ntransaction:t\n\ntwo");
  frame("SEND\ndestination:/topic/a\n\nnot in it");
  EXPECT_EQ(received_one().body, "not in it");
  frame("COMMIT\ntransaction:t");
  const auto messages = received();
  ASSERT_THAT(messages, SizeIs(2));
  EXPECT_EQ(messages[0].body, "one");
  EXPECT_EQ(messages[1].body, "two");
  EXPECT_EQ(header(messages[0], "transaction"), std::nullopt);
}

TEST_P(TransactionTest, AcknowledgementsAreHeldUntilCommit) {
  connect_here();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nack:client\nprefetch-count:1");
  frame("SEND\ndestination:/topic/a\n\none");
  frame("SEND\ndestination:/topic/a\n\ntwo");
  const auto first = received_one();
  const std::string ack =
      GetParam() == Version::kV12
          ? "ACK\nid:" + header(first, "ack").value_or("")
          : "ACK\nsubscription:0\nmessage-id:" + header(first, "message-id").value_or("");
  frame("BEGIN\ntransaction:dropped");
  frame(ack + "\ntransaction:dropped");
  frame("ABORT\ntransaction:dropped");
  frame("BEGIN\ntransaction:t");
  frame(ack + "\ntransaction:t");
  EXPECT_THAT(received(), IsEmpty()) << "aborted, and not committed";
  frame("COMMIT\ntransaction:t");
  EXPECT_EQ(received_one().body, "two");
}

TEST_P(TransactionTest, SeveralMayBeOpenUnderTheirOwnNames) {
  connect_here();
  frame("BEGIN\ntransaction:t");
  frame("BEGIN\ntransaction:u");
  frame("SEND\ndestination:/topic/a\ntransaction:t\n\nt");
  frame("SEND\ndestination:/topic/a\ntransaction:u\n\nu");
  frame("ABORT\ntransaction:t");
  frame("COMMIT\ntransaction:u");
  ASSERT_EQ(published(), 1u);
  EXPECT_EQ(shard_.feed.appends[0].batch[0]->body, "u");
}

TEST_P(TransactionTest, ANameInUseCannotBeginAgain) {
  connect_here();
  frame("BEGIN\ntransaction:t");
  frame("BEGIN\ntransaction:t\nreceipt:r");
  EXPECT_EQ(header(expect_error("Bad transaction"), "receipt-id"), "r");
}

TEST_P(TransactionTest, TheTransactionHeaderIsRequired) {
  for (const std::string command : {"BEGIN", "COMMIT", "ABORT"}) {
    test::FakeTransport transport;
    Session session(transport, shard_.context, SessionId("gw.0.9"));
    session.on_bytes("CONNECT\naccept-version:" + std::string(to_string(GetParam())) + "\n\n" +
                     '\0' + command + "\nreceipt:r\n\n" + '\0');
    shard_.executor.run();
    ASSERT_THAT(transport.sent, SizeIs(2)) << command;
    EXPECT_THAT(transport.sent[1], testing::HasSubstr("message:Missing transaction\n")) << command;
  }
}

TEST_P(TransactionTest, WhatNeverBeganCannotBeUsed) {
  for (const std::string text : {"SEND\ndestination:/topic/a\ntransaction:t",
                                 "COMMIT\ntransaction:t", "ABORT\ntransaction:t"}) {
    test::FakeTransport transport;
    Session session(transport, shard_.context, SessionId("gw.0.9"));
    session.on_bytes("CONNECT\naccept-version:" + std::string(to_string(GetParam())) + "\n\n" +
                     '\0' + text + "\n\n" + '\0');
    shard_.executor.run();
    ASSERT_THAT(transport.sent, SizeIs(2)) << text;
    EXPECT_THAT(transport.sent[1], testing::HasSubstr("message:Bad transaction\n")) << text;
  }
  EXPECT_EQ(published(), 0u);
}

TEST_P(TransactionTest, DisconnectAbortsWhatIsOpen) {
  connect_here();
  frame("BEGIN\ntransaction:t");
  frame("SEND\ndestination:/topic/a\ntransaction:t\nreceipt:s\n\nx");
  frame("DISCONNECT\nreceipt:bye");
  EXPECT_EQ(header(received_one(), "receipt-id"), "bye");
  EXPECT_EQ(published(), 0u);
}

TEST_P(TransactionTest, ALostConnectionAbortsWhatIsOpen) {
  connect_here();
  frame("BEGIN\ntransaction:t");
  frame("SEND\ndestination:/topic/a\ntransaction:t\n\nx");
  session_.on_closed(CloseReason::kTransportFailed);
  shard_.executor.run();
  EXPECT_EQ(published(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Transaction, TransactionTest,
                         testing::Values(Version::kV10, Version::kV11, Version::kV12),
                         version_name);

}  // namespace
}  // namespace stampede::gateway
