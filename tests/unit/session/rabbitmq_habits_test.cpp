// What clients written for RabbitMQ's STOMP plugins take for granted beyond the specifications.
#include "tests/unit/session/specification.h"

namespace stampede::gateway {
namespace {

using stomp::Command;
using stomp::Version;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class RabbitmqHabitsTest : public SpecificationTest {};

TEST_F(RabbitmqHabitsTest, OtherDestinationsAreAnErrorThatSaysWhatIsSupported) {
  for (const char* destination :
       {"/queue/a", "/exchange/amq.topic/a", "/amq/queue/a", "/temp-queue/a", "/reply-queue/a",
        "/topic", "topic/a", "a", ""}) {
    test::FakeTransport transport;
    Session session(transport, shard_.context, SessionId("gw.0.9"));
    session.on_bytes("CONNECT\naccept-version:1.2\n\n" + std::string(1, '\0') +
                     "SUBSCRIBE\nid:0\ndestination:" + destination + "\n\n" + '\0');
    shard_.executor.run();
    ASSERT_THAT(transport.sent, SizeIs(2)) << destination;
    EXPECT_THAT(transport.sent[1], HasSubstr("message:Unknown destination\n")) << destination;
    EXPECT_THAT(transport.sent[1], HasSubstr("/topic/<room>")) << destination;
  }
}

TEST_F(RabbitmqHabitsTest, WildcardsAreInvalid) {
  for (const char* room : {"*", "a.*", "#", "a.#", "a.>", ""}) {
    test::FakeTransport transport;
    Session session(transport, shard_.context, SessionId("gw.0.9"));
    session.on_bytes("CONNECT\naccept-version:1.2\n\n" + std::string(1, '\0') +
                     "SUBSCRIBE\nid:0\ndestination:/topic/" + room + "\n\n" + '\0');
    shard_.executor.run();
    ASSERT_THAT(transport.sent, SizeIs(2)) << room;
    EXPECT_THAT(transport.sent[1], HasSubstr("message:Invalid destination\n")) << room;
  }
}

TEST_F(RabbitmqHabitsTest, ErrorsListTheVersions) {
  connect_as(Version::kV12);
  frame("SHOUT");
  EXPECT_EQ(header(expect_error("Illegal command"), "version"), "1.0,1.1,1.2");
}

TEST_F(RabbitmqHabitsTest, ALoginThatIsNoNameIsABadConnect) {
  frame("CONNECT\naccept-version:1.2\nlogin:" + std::string(300, 'x'));
  expect_error("Bad CONNECT");
}

TEST_F(RabbitmqHabitsTest, TheSendersProtocolHeadersDoNotLeak) {
  connect_as(Version::kV12);
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("BEGIN\ntransaction:evil");
  frame(
      "SEND\ndestination:/topic/a\nsubscription:evil\nack:evil\nredelivered:evil\nreceipt:evil\n"
      "transaction:evil\nreceipt-id:evil\nmessage-id:evil\n\nx");
  frame("COMMIT\ntransaction:evil");
  EXPECT_THAT(sent().at(0), testing::Not(HasSubstr("evil")));
}

TEST_F(RabbitmqHabitsTest, ACustomHeaderAndTheContentTypePass) {
  connect_as(Version::kV11);
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("SEND\ndestination:/topic/a\npersistent:true\npriority:4\ncontent-type:a/b\n\nx");
  const auto message = received_one();
  EXPECT_EQ(header(message, "priority"), "4");
  EXPECT_EQ(header(message, "content-type"), "a/b");
  EXPECT_EQ(header(message, "redelivered"), "false");
}

TEST_F(RabbitmqHabitsTest, AnEmptyBodyHasNoContentLength) {
  connect_as(Version::kV12);
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("SEND\ndestination:/topic/a");
  EXPECT_EQ(header(received_one(), "content-length"), std::nullopt);
}

TEST_F(RabbitmqHabitsTest, WhatWasSentBeforeIsNotReplayed) {
  connect_as(Version::kV12);
  frame("SEND\ndestination:/topic/a\n\nbefore");
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  EXPECT_THAT(received(), IsEmpty());
}

TEST_F(RabbitmqHabitsTest, AnAbortedSendGetsNoReceipt) {
  connect_as(Version::kV12);
  frame("BEGIN\ntransaction:t");
  frame("SEND\ndestination:/topic/a\ntransaction:t\nreceipt:never\n\nx");
  frame("ABORT\ntransaction:t");
  confirm();
  EXPECT_THAT(received(), IsEmpty());
}

TEST_F(RabbitmqHabitsTest, DisconnectClosesWith1000) {
  connect_as(Version::kV12);
  frame("DISCONNECT");
  ASSERT_TRUE(transport_.closed);
  EXPECT_EQ(close_info(*transport_.closed).websocket_code, 1000);
}

TEST_F(RabbitmqHabitsTest, NoiseBeforeConnectIsIgnored) {
  using namespace std::string_literals;
  receive("\n\r\n\0\nCONNECT\naccept-version:1.2\n\n\0"s);
  EXPECT_EQ(received_one().command, Command::kConnected);
}

}  // namespace
}  // namespace stampede::gateway
