#include "tests/unit/session/session_fixture.h"

namespace stampede::gateway {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

TEST_F(SessionTest, ConnectedSaysWhatWasAgreed) {
  frame("CONNECT\naccept-version:1.0,1.1,1.2\nheart-beat:4000,0\nlogin:ann\nhost:x");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], StartsWith("CONNECTED\n"));
  for (const char* header : {"version:1.2\n", "session:gw.0.1\n", "server:stampede/",
                             "heart-beat:10000,10000\n", "user-name:ann\n"}) {
    EXPECT_THAT(sent()[0], HasSubstr(header));
  }
}

TEST_F(SessionTest, StompIsConnect) {
  frame("STOMP\naccept-version:1.1");
  EXPECT_THAT(sent().at(0), HasSubstr("version:1.1\n"));
}

TEST_F(SessionTest, WithoutAcceptVersionItIs10) {
  frame("CONNECT");
  EXPECT_THAT(sent().at(0), HasSubstr("version:1.0\n"));
  EXPECT_THAT(sent()[0], HasSubstr("user-name:guest-"));
}

TEST_F(SessionTest, NoCommonVersionIsAnErrorThatListsOurs) {
  frame("CONNECT\naccept-version:2.0,3.1");
  EXPECT_THAT(sent().at(0), HasSubstr("message:Version mismatch\n"));
  EXPECT_THAT(sent()[0], HasSubstr("Supported versions are 1.0,1.1,1.2"));
  EXPECT_EQ(transport_.closed, CloseReason::kStompError);
}

TEST_F(SessionTest, BadConnectHeadersAreNamed) {
  frame("CONNECT\naccept-version:1.2\nheart-beat:soon,0");
  EXPECT_THAT(sent().at(0), HasSubstr("message:Invalid header\n"));
  EXPECT_THAT(sent()[0], HasSubstr("10000,10000"));
}

TEST_F(SessionTest, TheFirstFrameMustBeConnect) {
  frame("SEND\ndestination:/topic/a");
  EXPECT_THAT(sent().at(0), HasSubstr("message:Illegal command\n"));
  EXPECT_TRUE(transport_.closed);
}

TEST_F(SessionTest, ASecondConnectIsRefused) {
  connect();
  frame("CONNECT\naccept-version:1.2");
  EXPECT_THAT(sent().at(0), HasSubstr("connected already"));
}

TEST_F(SessionTest, NoConnectInTimeEndsIt) {
  shard_.pass(Seconds(9));
  EXPECT_FALSE(transport_.closed);
  shard_.pass(Seconds(2));
  EXPECT_EQ(transport_.closed, CloseReason::kConnectTimeout);
  EXPECT_THAT(sent().at(0), HasSubstr("10000 ms"));
}

TEST_F(SessionTest, NonsenseIsAnsweredInWords) {
  receive("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(sent().at(0), HasSubstr("message:Illegal command\n"));
  EXPECT_EQ(transport_.closed, CloseReason::kStompError);
}

TEST_F(SessionTest, SubscribeIsReceiptedWhenLive) {
  connect();
  shard_.bus.bind_at_once = false;
  frame("SUBSCRIBE\nid:sub-0\ndestination:/topic/lobby\nreceipt:r1");
  EXPECT_THAT(sent(), IsEmpty());
  shard_.bus.binds.at(0).bound(Result<void>());
  shard_.executor.run();
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], StartsWith("RECEIPT\nreceipt-id:r1\nseq:"));
}

TEST_F(SessionTest, SendIsReceiptedAfterTheConfirmOnly) {
  connect();
  frame("SEND\ndestination:/topic/lobby\nreceipt:r1\n\nhello");
  EXPECT_THAT(sent(), IsEmpty());
  const Seq seq = shard_.feed.appends.at(0).batch.at(0)->position.seq;
  shard_.feed.answer_all();
  shard_.executor.run();
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], HasSubstr("receipt-id:r1\nseq:" + std::to_string(seq) + "\n"));
}

TEST_F(SessionTest, TheSenderGetsItsOwnMessageWithoutWaitingForAReceipt) {
  connect();
  shard_.bus.bind_at_once = false;
  using namespace std::string_literals;
  receive(
      "SUBSCRIBE\nid:0\ndestination:/topic/lobby\n\n\0"
      "SEND\ndestination:/topic/lobby\nx-mood:fine\ncontent-type:text/plain\n\nhi\0"s);
  EXPECT_TRUE(transport_.paused) << "the SEND waits for the SUBSCRIBE";
  EXPECT_THAT(shard_.feed.appends, IsEmpty());
  shard_.bus.binds.at(0).bound(Result<void>());
  shard_.executor.run();
  EXPECT_FALSE(transport_.paused);
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], StartsWith("MESSAGE\nsubscription:0\nmessage-id:"));
  for (const char* header :
       {"destination:/topic/lobby\n", "sender:ann\n", "x-mood:fine\n", "content-type:text/plain\n",
        "content-length:2\n", "seq:", "prev-seq:", "timestamp:", "redelivered:false\n"}) {
    EXPECT_THAT(sent()[0], HasSubstr(header));
  }
}

TEST_F(SessionTest, ProtocolHeadersOfASendDoNotLeakThrough) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/lobby");
  frame(
      "SEND\ndestination:/topic/lobby\nsubscription:evil\nack:evil\nseq:evil\nsender:evil\n"
      "redelivered:evil\nmessage-id:evil\nreceipt:evil\n\nhi");
  EXPECT_THAT(sent().at(0), StartsWith("MESSAGE\n"));
  EXPECT_THAT(sent()[0], testing::Not(HasSubstr("evil")));
}

TEST_F(SessionTest, UnknownDestinationsSayWhatIsSupported) {
  connect();
  frame("SEND\ndestination:/queue/a\nreceipt:r9\n\nx");
  EXPECT_THAT(sent().at(0), HasSubstr("message:Unknown destination\n"));
  EXPECT_THAT(sent()[0], HasSubstr("receipt-id:r9\n"));
  EXPECT_THAT(sent()[0], HasSubstr("/topic/<room>"));
  EXPECT_TRUE(transport_.closed);
}

TEST_F(SessionTest, ABadRoomNameSaysWhichCharacter) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/my room");
  EXPECT_THAT(sent().at(0), HasSubstr("message:Invalid destination\n"));
  EXPECT_THAT(sent()[0], HasSubstr("a space"));
}

TEST_F(SessionTest, MissingHeadersAreNamed) {
  connect();
  frame("SUBSCRIBE\ndestination:/topic/a");
  EXPECT_THAT(sent().at(0), HasSubstr("message:Missing header\n"));
}

TEST_F(SessionTest, AnEmptySubscriptionIdIsRefused) {
  connect();
  frame("SUBSCRIBE\nid:\ndestination:/topic/a\nreceipt:r");
  EXPECT_THAT(sent().at(0), HasSubstr("message:Missing header\n"))
      << "its MESSAGEs could not name it";
  EXPECT_THAT(sent()[0], HasSubstr("receipt-id:r\n"));
}

TEST_F(SessionTest, ADuplicateSubscriptionIdIsAnError) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("SUBSCRIBE\nid:0\ndestination:/topic/b");
  EXPECT_THAT(sent().back(), HasSubstr("message:Duplicated subscription identifier\n"));
}

TEST_F(SessionTest, SubscriptionsAreBounded) {
  connect();
  for (int i = 0; i <= 256; ++i) {
    frame("SUBSCRIBE\nid:" + std::to_string(i) + "\ndestination:/topic/a");
  }
  EXPECT_THAT(sent().back(), HasSubstr("a session may hold 256"));
}

TEST_F(SessionTest, AnIdCanBeUsedAgainAfterUnsubscribe) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("UNSUBSCRIBE\nid:0\nreceipt:r1");
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nreceipt:r2");
  ASSERT_THAT(sent(), SizeIs(2));
  EXPECT_THAT(sent()[0], HasSubstr("receipt-id:r1\n"));
  EXPECT_THAT(sent()[1], HasSubstr("receipt-id:r2\n"));
}

TEST_F(SessionTest, UnsubscribeOfAnUnknownIdIsAnError) {
  connect();
  frame("UNSUBSCRIBE\nid:7");
  EXPECT_THAT(sent().at(0), HasSubstr("message:No subscription found\n"));
}

TEST_F(SessionTest, Version10SubscribesByDestination) {
  connect("login:ann");
  frame("SUBSCRIBE\ndestination:/topic/a");
  frame("SEND\ndestination:/topic/a\n\nhi");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], testing::Not(HasSubstr("subscription:")));
  frame("UNSUBSCRIBE\ndestination:/topic/a");
  frame("SEND\ndestination:/topic/a\n\nhi");
  EXPECT_THAT(sent(), SizeIs(1));
  EXPECT_FALSE(transport_.closed);
}

TEST_F(SessionTest, AnUnconfirmedSendIsAnErrorWithTheReceipt) {
  connect();
  frame("SEND\ndestination:/topic/a\nreceipt:r1\n\nhi");
  shard_.feed.answer_all(Error(Errc::kUnavailable, "broker gone for 30 s"));
  shard_.executor.run();
  EXPECT_THAT(sent().at(0), HasSubstr("message:Message not stored\n"));
  EXPECT_THAT(sent()[0], HasSubstr("receipt-id:r1\n"));
  EXPECT_THAT(sent()[0], HasSubstr("broker gone for 30 s"));
  EXPECT_TRUE(transport_.closed);
}

TEST_F(SessionTest, WhatTheStoreRefusesIsToldApartFromAnOutage) {
  connect();
  frame("SEND\ndestination:/topic/a\nreceipt:r1\n\nhi");
  shard_.feed.answer_all(Error(Errc::kInvalidArgument, "the store refused it: value too long"));
  shard_.executor.run();
  EXPECT_THAT(sent().at(0), HasSubstr("message:Message refused\n"));
  EXPECT_THAT(sent()[0], HasSubstr("receipt-id:r1\n"));
  EXPECT_THAT(sent()[0], HasSubstr("the store refused it: value too long"));
  EXPECT_EQ(transport_.closed, CloseReason::kStompError) << "no invitation to come back with it";
}

TEST_F(SessionTest, DisconnectWaitsForEveryConfirm) {
  connect();
  frame("SEND\ndestination:/topic/a\nreceipt:r1\n\nhi");
  frame("DISCONNECT\nreceipt:bye");
  EXPECT_THAT(sent(), IsEmpty());
  shard_.feed.answer_all();
  shard_.executor.run();
  ASSERT_THAT(sent(), SizeIs(2));
  EXPECT_THAT(sent()[1], HasSubstr("receipt-id:bye\n"));
  EXPECT_EQ(transport_.closed, CloseReason::kClientLeft);
}

TEST_F(SessionTest, AShutdownAnswersWhatIsUnderWayFirst) {
  connect();
  frame("SEND\ndestination:/topic/a\nreceipt:r1\n\nhi");
  session_.on_shutdown();
  EXPECT_TRUE(transport_.paused);
  EXPECT_FALSE(transport_.closed);
  shard_.feed.answer_all();
  shard_.executor.run();
  EXPECT_THAT(sent().at(0), HasSubstr("receipt-id:r1\n"));
  EXPECT_EQ(transport_.closed, CloseReason::kShuttingDown);
}

TEST_F(SessionTest, AShutdownEndsAnIdleSessionAtOnce) {
  session_.on_shutdown();
  EXPECT_EQ(transport_.closed, CloseReason::kShuttingDown);
}

TEST_F(SessionTest, AnEndOfInputAnswersWhatIsUnderWayFirst) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nreceipt:s1");
  sent().clear();
  frame("SEND\ndestination:/topic/a\nreceipt:r1\n\nhi");
  session_.on_end_of_input();
  EXPECT_FALSE(transport_.closed);
  shard_.feed.answer_all();
  shard_.executor.run();
  EXPECT_THAT(sent(), ::testing::Contains(HasSubstr("receipt-id:r1\n")));
  EXPECT_EQ(transport_.closed, CloseReason::kClientLeft);
}

TEST_F(SessionTest, AnEndOfInputWaitsForASubscriptionToBeLive) {
  connect();
  session_.on_bytes(
      std::string_view("SUBSCRIBE\nid:0\ndestination:/topic/a\nreceipt:s1\n\n\0", 49));
  session_.on_end_of_input();
  EXPECT_FALSE(transport_.closed);
  shard_.executor.run();
  EXPECT_THAT(sent(), ElementsAre(HasSubstr("receipt-id:s1\n")));
  EXPECT_EQ(transport_.closed, CloseReason::kClientLeft);
}

TEST_F(SessionTest, AnEndOfInputEndsAnIdleSessionAtOnce) {
  connect();
  session_.on_end_of_input();
  EXPECT_EQ(transport_.closed, CloseReason::kClientLeft);
}

TEST_F(SessionTest, TooManyUnconfirmedSendsStopTheReading) {
  connect();
  const std::size_t bound = shard_.context.limits.max_in_flight;
  for (std::size_t i = 0; i <= bound; ++i) frame("SEND\ndestination:/topic/a\n\nx");
  EXPECT_TRUE(transport_.paused);
  std::size_t appended = 0;
  for (const auto& append : shard_.feed.appends) appended += append.batch.size();
  EXPECT_EQ(appended, bound);
  shard_.feed.answer_all();
  shard_.executor.run();
  EXPECT_FALSE(transport_.paused);
  EXPECT_THAT(shard_.feed.appends, SizeIs(1)) << "the one that waited";
}

TEST_F(SessionTest, TheEndLeavesTheRoom) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  EXPECT_EQ(shard_.registry.highest(RoomName("a")), kNoSeq);
  session_.on_closed(CloseReason::kTransportFailed);
  shard_.pass(Seconds(11));  // the grace is over
  std::size_t members = 9;
  shard_.directory.members(
      RoomName("a"), Reply<Result<std::vector<Member>>>(
                         shard_.executor, [&](const auto& found) { members = found->size(); }));
  shard_.executor.run();
  EXPECT_EQ(members, 0u);
}

TEST_F(SessionTest, AnswersAfterTheEndFindNobody) {
  connect();
  frame("SEND\ndestination:/topic/a\nreceipt:r1\n\nhi");
  session_.on_closed(CloseReason::kTransportFailed);
  shard_.feed.answer_all();
  shard_.executor.run();
  EXPECT_THAT(sent(), IsEmpty());
}

TEST_F(SessionTest, BeatsWhenNothingElseIsSent) {
  connect("accept-version:1.2\nheart-beat:0,5000");
  shard_.pass(Seconds(10));
  const std::size_t beats = sent().size();
  EXPECT_GE(beats, 1u);
  EXPECT_LE(beats, 2u);
  EXPECT_EQ(sent()[0], "\n");
  EXPECT_FALSE(transport_.closed) << "the client promised no beats";
}

TEST_F(SessionTest, NoBeatsUnlessBothSidesWantThem) {
  connect("accept-version:1.2\nheart-beat:0,0");
  shard_.pass(Seconds(300));
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_FALSE(transport_.closed);
}

TEST_F(SessionTest, SilenceEndsItButNotBeforeABrowserWouldBeat) {
  connect("accept-version:1.2\nheart-beat:10000,0");
  for (int minute = 0; minute < 5; ++minute) {
    shard_.pass(Seconds(60));
    receive("\n");
  }
  EXPECT_FALSE(transport_.closed) << "a hidden page beats once a minute";
  shard_.pass(Seconds(76));
  EXPECT_FALSE(transport_.closed);
  shard_.pass(Seconds(60));
  EXPECT_EQ(transport_.closed, CloseReason::kHeartBeatMissed);
  EXPECT_THAT(sent().back(), HasSubstr("message:Heart-beat missed\n"));
}

TEST_F(SessionTest, ASlowConsumerIsToldWhy) {
  connect();
  session_.on_overflow(1'048'577);
  EXPECT_THAT(sent().at(0), HasSubstr("1048577 bytes wait"));
  EXPECT_EQ(transport_.closed, CloseReason::kSlowConsumer);
}

TEST_F(SessionTest, ABodyOverTheLimitNamesTheLimit) {
  connect();
  frame("SEND\ndestination:/topic/a\nreceipt:r1\ncontent-length:300000\n\nx");
  EXPECT_THAT(sent().at(0), HasSubstr("message:Frame too large\n"));
  EXPECT_THAT(sent()[0], HasSubstr("262144"));
  EXPECT_THAT(sent()[0], HasSubstr("receipt-id:r1\n"));
  EXPECT_EQ(transport_.closed, CloseReason::kMessageTooBig);
}

}  // namespace
}  // namespace stampede::gateway
