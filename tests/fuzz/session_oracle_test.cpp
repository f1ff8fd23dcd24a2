// An oracle that finds nothing wrong must be one that would.
#include "tests/fuzz/session_oracle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shared/stomp/decoder.h"
#include "tests/fuzz/finding.h"

namespace stampede::fuzz {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SessionOracleTest : public testing::Test {
 protected:
  void SetUp() override { answer("CONNECTED\nversion:1.2\n\n"); }

  void ask(std::string text) {
    with_frame(std::move(text), [&](const stomp::FrameView& frame) { oracle_.asked(frame); });
  }
  void answer(std::string text) {
    with_frame(std::move(text), [&](const stomp::FrameView& frame) { oracle_.answered(frame); });
  }
  std::size_t append(const std::string& room, const std::string& body, Seq seq) {
    Message message;
    message.room = RoomName(room);
    message.body = body;
    message.position.seq = seq;
    return oracle_.appended(message);
  }

  std::set<RoomName> bound_;
  SessionOracle oracle_{bound_};

 private:
  template <class Use>
  void with_frame(std::string text, Use use) {
    text += '\0';
    stomp::Decoder decoder({});
    decoder.feed(text);
    const auto frame = decoder.next();
    ASSERT_TRUE(frame && frame->has_value()) << text;
    use(**frame);
  }
};

TEST_F(SessionOracleTest, AReceiptComesAfterTheConfirmAndTellsThePosition) {
  ask("SEND\ndestination:/topic/a\nreceipt:r\n\nhi");
  const std::size_t number = append("a", "hi", 7);
  EXPECT_THROW(answer("RECEIPT\nreceipt-id:r\nseq:7\n\n"), Finding);
  EXPECT_THAT(oracle_.receipts_owed(), ElementsAre("r"));
  oracle_.confirmed(number);
  EXPECT_THROW(answer("RECEIPT\nreceipt-id:r\nseq:8\n\n"), Finding);
  EXPECT_NO_THROW(answer("RECEIPT\nreceipt-id:r\nseq:7\n\n"));
  EXPECT_THAT(oracle_.receipts_owed(), IsEmpty());
  EXPECT_THROW(answer("RECEIPT\nreceipt-id:r\nseq:7\n\n"), Finding) << "once";
}

TEST_F(SessionOracleTest, OfATransactionNothingIsReceiptedBeforeTheLastConfirm) {
  ask("BEGIN\ntransaction:t\n\n");
  ask("SEND\ndestination:/topic/a\ntransaction:t\nreceipt:one\n\n1");
  ask("SEND\ndestination:/topic/a\ntransaction:t\n\n2");
  ask("COMMIT\ntransaction:t\nreceipt:all\n\n");
  const std::size_t first = append("a", "1", 1);
  const std::size_t second = append("a", "2", 2);
  oracle_.confirmed(first);
  EXPECT_THROW(answer("RECEIPT\nreceipt-id:one\nseq:1\n\n"), Finding);
  EXPECT_THROW(answer("RECEIPT\nreceipt-id:all\n\n"), Finding);
  oracle_.confirmed(second);
  EXPECT_NO_THROW(answer("RECEIPT\nreceipt-id:one\nseq:1\n\n"));
  EXPECT_NO_THROW(answer("RECEIPT\nreceipt-id:all\n\n"));
}

TEST_F(SessionOracleTest, WhatWasAbortedIsNotStored) {
  ask("BEGIN\ntransaction:t\n\n");
  ask("SEND\ndestination:/topic/a\ntransaction:t\n\n1");
  ask("ABORT\ntransaction:t\n\n");
  EXPECT_THROW(append("a", "1", 1), Finding);
}

TEST_F(SessionOracleTest, MessagesAreStoredInTheOrderSent) {
  ask("SEND\ndestination:/topic/a\n\n1");
  ask("SEND\ndestination:/topic/a\n\n2");
  EXPECT_THROW(append("a", "2", 1), Finding);
}

TEST_F(SessionOracleTest, ASubscriptionIsLiveOnceItsRoomIsBound) {
  ask("SUBSCRIBE\nid:0\ndestination:/topic/a\nreceipt:r\n\n");
  EXPECT_THROW(answer("RECEIPT\nreceipt-id:r\nseq:5\n\n"), Finding);
  bound_.insert(RoomName("a"));
  EXPECT_NO_THROW(answer("RECEIPT\nreceipt-id:r\nseq:5\n\n"));
  const std::string message = "MESSAGE\nsubscription:0\ndestination:/topic/a\nseq:";
  EXPECT_THROW(answer(message + "5\n\n"), Finding) << "that is history";
  EXPECT_NO_THROW(answer(message + "6\n\n"));
  EXPECT_THROW(answer(message + "6\n\n"), Finding) << "twice";
}

TEST_F(SessionOracleTest, AcknowledgedByHandAMessageMayComeAgain) {
  ask("SUBSCRIBE\nid:0\ndestination:/topic/a\nack:client\n\n");
  const std::string message = "MESSAGE\nsubscription:0\ndestination:/topic/a\nseq:6\nack:1-1\n\n";
  EXPECT_NO_THROW(answer(message));
  EXPECT_NO_THROW(answer(message));
}

TEST_F(SessionOracleTest, AHeaderOfOursStandsOnce) {
  EXPECT_THROW(answer("MESSAGE\nsubscription:0\ncontent-length:1\ncontent-length:1\n\nx"), Finding);
}

TEST_F(SessionOracleTest, NothingFollowsAnError) {
  EXPECT_NO_THROW(answer("ERROR\nmessage:m\n\n"));
  EXPECT_TRUE(oracle_.failed());
  EXPECT_THROW(answer("ERROR\nmessage:m\n\n"), Finding);
}

}  // namespace
}  // namespace stampede::fuzz
