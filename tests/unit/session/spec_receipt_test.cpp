// "receipt", RECEIPT, DISCONNECT, ERROR, and what may be sent when.
#include "tests/unit/session/specification.h"

namespace stampede::gateway {
namespace {

using stomp::Command;
using stomp::Version;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ReceiptTest : public AnyVersionTest {
 protected:
  /// The receipt ids since the last look.
  std::vector<std::string> receipts() {
    std::vector<std::string> out;
    for (const auto& one : received()) {
      EXPECT_EQ(one.body, "");
      if (one.command == Command::kReceipt) {
        out.push_back(header(one, "receipt-id").value_or("(none)"));
      }
    }
    return out;
  }
};

TEST_P(ReceiptTest, EveryFrameThatAsksGetsOne) {
  connect_here();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/b\nack:client\nreceipt:subscribe");
  frame("BEGIN\ntransaction:t\nreceipt:begin");
  frame("ABORT\ntransaction:t\nreceipt:abort");
  frame("BEGIN\ntransaction:t");
  frame("COMMIT\ntransaction:t\nreceipt:commit");
  frame("UNSUBSCRIBE\nid:0\nreceipt:unsubscribe");
  EXPECT_THAT(receipts(),
              testing::ElementsAre("subscribe", "begin", "abort", "commit", "unsubscribe"));
  frame("SEND\ndestination:/topic/a\nreceipt:send\n\nx");
  EXPECT_THAT(receipts(), IsEmpty()) << "not before it is stored";
  confirm();
  EXPECT_THAT(receipts(), testing::ElementsAre("send"));
  frame("DISCONNECT\nreceipt:disconnect");
  EXPECT_THAT(receipts(), testing::ElementsAre("disconnect"));
}

TEST_P(ReceiptTest, AcknowledgementsGetTheirsToo) {
  connect_here();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nack:client-individual");
  frame("SEND\ndestination:/topic/a\n\nx");
  const auto message = received_one();
  const std::string which =
      GetParam() == Version::kV12
          ? "\nid:" + header(message, "ack").value_or("")
          : "\nsubscription:0\nmessage-id:" + header(message, "message-id").value_or("");
  frame("ACK" + which + "\nreceipt:ack");
  EXPECT_THAT(receipts(), testing::ElementsAre("ack"));
  if (GetParam() == Version::kV10) return;
  frame("NACK" + which + "\nreceipt:nack");
  EXPECT_THAT(receipts(), testing::ElementsAre("nack"));
}

TEST_P(ReceiptTest, TheValueComesBackAsItWas) {
  connect_here();
  const std::string written = GetParam() == Version::kV12   ? "\\ra\\cb\\\\c\\nd"
                              : GetParam() == Version::kV11 ? "\ra\\cb\\\\c\\nd"
                                                            : "\ra:b\\c";
  frame("BEGIN\ntransaction:t\nreceipt:" + written);
  EXPECT_THAT(receipts(),
              testing::ElementsAre(GetParam() == Version::kV10 ? "\ra:b\\c" : "\ra:b\\c\nd"));
}

TEST_P(ReceiptTest, AnEmptyValueIsAValue) {
  connect_here();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/b\nreceipt:");
  frame("SEND\ndestination:/topic/a\nreceipt:\n\nx");
  confirm();
  frame("BEGIN\ntransaction:t");
  frame("SEND\ndestination:/topic/a\ntransaction:t\nreceipt:\n\nx");
  frame("COMMIT\ntransaction:t\nreceipt:");
  confirm();
  EXPECT_THAT(receipts(), testing::ElementsAre("", "", "", ""));
}

TEST_P(ReceiptTest, WhatFailedGetsNone) {
  connect_here();
  frame("SEND\ndestination:/queue/a\nreceipt:r\n\nx");
  EXPECT_THAT(received(),
              testing::ElementsAre(testing::Field(&test::OwnedFrame::command, Command::kError)));
}

TEST_P(ReceiptTest, DisconnectsReceiptSpeaksForAllBefore) {
  connect_here();
  for (int i = 0; i < 3; ++i) frame("SEND\ndestination:/topic/a\nreceipt:s\n\nx");
  frame("DISCONNECT\nreceipt:bye");
  EXPECT_THAT(receipts(), IsEmpty());
  confirm();
  EXPECT_THAT(receipts(), testing::ElementsAre("s", "s", "s", "bye"));
  EXPECT_EQ(transport_.closed, CloseReason::kClientLeft);
}

TEST_P(ReceiptTest, NothingIsDoneAfterDisconnect) {
  connect_here();
  using namespace std::string_literals;
  receive("DISCONNECT\nreceipt:bye\n\n\0SEND\ndestination:/topic/a\nreceipt:late\n\nx\0"s);
  EXPECT_THAT(receipts(), testing::ElementsAre("bye"));
  EXPECT_THAT(shard_.feed.appends, IsEmpty());
}

TEST_P(ReceiptTest, AnErrorSaysWhatWhichAndWhyThenCloses) {
  connect_here();
  frame("SEND\nreceipt:r\n\nx");
  const auto error = expect_error("Missing destination");
  EXPECT_EQ(header(error, "receipt-id"), "r");
  EXPECT_EQ(header(error, "content-type"), "text/plain");
  EXPECT_EQ(header(error, "content-length"), std::to_string(error.body.size()));
  EXPECT_THAT(error.body, HasSubstr("SEND needs a destination"));
}

TEST_P(ReceiptTest, NothingIsDoneAfterAnError) {
  connect_here();
  using namespace std::string_literals;
  receive("SEND\n\nx\0SEND\ndestination:/topic/a\nreceipt:late\n\nx\0"s);
  EXPECT_THAT(received(), SizeIs(1));
  EXPECT_THAT(shard_.feed.appends, IsEmpty());
}

TEST_P(ReceiptTest, AServersFrameIsRefused) {
  connect_here();
  frame("MESSAGE\nsubscription:0\nmessage-id:1\ndestination:/topic/a\nreceipt:r\n\nx");
  EXPECT_EQ(header(expect_error("Bad command"), "receipt-id"), "r");
}

TEST_P(ReceiptTest, AnUnknownCommandIsRefused) {
  connect_here();
  frame("SHOUT\ndestination:/topic/a");
  EXPECT_THAT(expect_error("Illegal command").body, HasSubstr("SHOUT"));
}

TEST_P(ReceiptTest, ASecondConnectIsRefused) {
  connect_here();
  frame("CONNECT\naccept-version:1.2");
  expect_error("Illegal command");
}

INSTANTIATE_TEST_SUITE_P(Receipt, ReceiptTest,
                         testing::Values(Version::kV10, Version::kV11, Version::kV12),
                         version_name);

TEST_F(SpecificationTest, NothingIsDoneBeforeConnect) {
  frame("SEND\ndestination:/topic/a\nreceipt:r\n\nx");
  EXPECT_EQ(header(expect_error("Illegal command"), "receipt-id"), "r");
  EXPECT_THAT(shard_.feed.appends, IsEmpty());
}

}  // namespace
}  // namespace stampede::gateway
