// SUBSCRIBE, UNSUBSCRIBE, ACK, NACK and MESSAGE.
#include "tests/unit/session/specification.h"

namespace stampede::gateway {
namespace {

using stomp::Command;
using stomp::Version;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class SubscribeTest : public SpecificationTest {
 protected:
  void send(const std::string& body, const std::string& room = "a") {
    frame("SEND\ndestination:/topic/" + room + "\n\n" + body);
  }
  /// The bodies of the MESSAGEs since the last look, in order, `!` behind those redelivered.
  std::string bodies() {
    std::string out;
    for (const auto& one : received()) {
      if (one.command != Command::kMessage) continue;
      out += one.body;
      if (header(one, "redelivered") == "true") out += '!';
    }
    return out;
  }
};

TEST_P(AnyVersionTest, AMessageNamesSubscriptionDestinationAndItself) {
  connect_here();
  frame("SUBSCRIBE\nid:mine\ndestination:/topic/a");
  frame("SEND\ndestination:/topic/a\ncontent-type:text/plain\n\nhello");
  const auto message = received_one();
  EXPECT_EQ(message.command, Command::kMessage);
  EXPECT_EQ(header(message, "subscription"), "mine");
  EXPECT_EQ(header(message, "destination"), "/topic/a");
  EXPECT_NE(header(message, "message-id").value_or(""), "");
  EXPECT_EQ(header(message, "content-length"), "5");
  EXPECT_EQ(header(message, "content-type"), "text/plain");
  EXPECT_EQ(header(message, "ack"), std::nullopt) << "in auto mode, which is the default";
  EXPECT_EQ(message.body, "hello");
}

TEST_P(AnyVersionTest, MessageIdsAreUnique) {
  connect_here();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("SEND\ndestination:/topic/a\n\none");
  frame("SEND\ndestination:/topic/a\n\ntwo");
  const auto messages = received();
  ASSERT_THAT(messages, SizeIs(2));
  EXPECT_NE(header(messages[0], "message-id"), header(messages[1], "message-id"));
}

TEST_P(AnyVersionTest, NothingComesAfterUnsubscribe) {
  for (const std::string mode : {"auto", "client"}) {
    if (mode == "auto") connect_here();
    frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nack:" + mode + "\nprefetch-count:1");
    for (int i = 0; i < 3; ++i) frame("SEND\ndestination:/topic/a\n\nx");
    frame("UNSUBSCRIBE\nid:0\nreceipt:r");
    EXPECT_EQ(header(received().back(), "receipt-id"), "r");
    frame("SEND\ndestination:/topic/a\n\nlate");
    EXPECT_THAT(received(), IsEmpty()) << mode;
  }
}

TEST_P(AnyVersionTest, TwoSubscriptionsToADestinationGetTwoMessages) {
  connect_here();
  frame("SUBSCRIBE\nid:a\ndestination:/topic/a");
  frame("SUBSCRIBE\nid:b\ndestination:/topic/a");
  frame("SEND\ndestination:/topic/a\n\nx");
  std::vector<std::string> ids;
  for (const auto& one : received()) ids.push_back(header(one, "subscription").value_or(""));
  EXPECT_THAT(ids, testing::UnorderedElementsAre("a", "b"));
}

TEST_P(AnyVersionTest, AnIdAlreadyInUseIsAnError) {
  connect_here();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("SUBSCRIBE\nid:0\ndestination:/topic/b\nreceipt:r");
  EXPECT_EQ(header(expect_error("Duplicated subscription identifier"), "receipt-id"), "r");
}

TEST_P(AnyVersionTest, ASubscriptionThatCannotBeMadeIsAnErrorAndCloses) {
  connect_here();
  shard_.bus.bind_at_once = false;
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nreceipt:r");
  shard_.bus.binds.at(0).bound(Error(Errc::kUnavailable, "broker gone"));
  shard_.executor.run();
  const auto error = expect_error("Subscription failed");
  EXPECT_EQ(header(error, "receipt-id"), "r");
  EXPECT_THAT(error.body, HasSubstr("broker gone"));
}

TEST_P(AnyVersionTest, ASubscribeWithoutDestinationIsAnError) {
  connect_here();
  frame("SUBSCRIBE\nid:0\nreceipt:r");
  EXPECT_EQ(header(expect_error("Missing destination"), "receipt-id"), "r");
}

INSTANTIATE_TEST_SUITE_P(Subscribe, AnyVersionTest,
                         testing::Values(Version::kV10, Version::kV11, Version::kV12),
                         version_name);

TEST_F(SubscribeTest, From11OnAnIdIsRequired) {
  connect_as(Version::kV11);
  frame("SUBSCRIBE\ndestination:/topic/a\nreceipt:r");
  EXPECT_EQ(header(expect_error("Missing header"), "receipt-id"), "r");
}

TEST_F(SubscribeTest, From11OnUnsubscribeNeedsTheId) {
  connect_as(Version::kV12);
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("UNSUBSCRIBE\ndestination:/topic/a\nreceipt:r");
  EXPECT_EQ(header(expect_error("Missing header"), "receipt-id"), "r");
}

TEST_F(SubscribeTest, A10IdComesBackInItsMessages) {
  connect_as(Version::kV10);
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("SUBSCRIBE\ndestination:/topic/b");
  send("x", "a");
  EXPECT_EQ(header(received_one(), "subscription"), "0");
  send("x", "b");
  EXPECT_EQ(header(received_one(), "subscription"), std::nullopt);
}

TEST_F(SubscribeTest, A10DestinationEndsWhateverSubscriptionItHas) {
  connect_as(Version::kV10);
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("SUBSCRIBE\nid:1\ndestination:/topic/b");
  frame("UNSUBSCRIBE\ndestination:/topic/a\nreceipt:r");
  EXPECT_EQ(header(received_one(), "receipt-id"), "r");
  send("x", "a");
  EXPECT_THAT(received(), IsEmpty());
  send("y", "b");
  EXPECT_EQ(bodies(), "y");
}

TEST_F(SubscribeTest, A10UnsubscribeOfNothingIsAnError) {
  connect_as(Version::kV10);
  frame("UNSUBSCRIBE\nreceipt:r");
  EXPECT_EQ(header(expect_error("Missing header"), "receipt-id"), "r");
}

TEST_F(SubscribeTest, A10DestinationThatIsNotSubscribedIsAnError) {
  connect_as(Version::kV10);
  frame("UNSUBSCRIBE\ndestination:/topic/a");
  expect_error("No subscription found");
}

TEST_F(SubscribeTest, In12AManualMessageHasAnAckHeaderForAckAndNack) {
  connect_as(Version::kV12);
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nack:client-individual\nprefetch-count:1");
  send("a");
  send("b");
  const auto first = received_one();
  ASSERT_TRUE(header(first, "ack"));
  frame("NACK\nid:" + *header(first, "ack"));
  const auto again = received_one();
  EXPECT_EQ(again.body, "a");
  frame("ACK\nid:" + header(again, "ack").value_or(""));
  EXPECT_EQ(bodies(), "b");
}

TEST_F(SubscribeTest, IndividualAnswersSpeakForOneMessage) {
  connect_as(Version::kV12);
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nack:client-individual\nprefetch-count:2");
  for (const char* body : {"a", "b", "c", "d"}) send(body);
  const auto first = received();
  ASSERT_THAT(first, SizeIs(2));
  frame("ACK\nid:" + header(first[1], "ack").value_or(""));
  EXPECT_EQ(bodies(), "c") << "one was acknowledged, so one comes";
  frame("NACK\nid:" + header(first[0], "ack").value_or(""));
  EXPECT_EQ(bodies(), "a!") << "the earlier one was not";
}

TEST_F(SubscribeTest, CumulativeAnswersStayWithinTheirSubscription) {
  connect_as(Version::kV12);
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nack:client\nprefetch-count:1");
  frame("SUBSCRIBE\nid:1\ndestination:/topic/b\nack:client\nprefetch-count:1");
  for (const char* body : {"1", "2"}) send(body, "a");
  for (const char* body : {"3", "4"}) send(body, "b");
  const auto first = received();
  ASSERT_THAT(first, SizeIs(2));
  frame("ACK\nid:" + header(first[1], "ack").value_or(""));
  EXPECT_EQ(bodies(), "4");
}

TEST_F(SubscribeTest, ACumulativeNackSpeaksForAllNotYetAnswered) {
  connect_as(Version::kV11);
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nack:client");
  for (const char* body : {"a", "b", "c"}) send(body);
  const auto first = received();
  ASSERT_THAT(first, SizeIs(3));
  const auto answer = [&](const std::string& command, std::size_t which) {
    frame(command +
          "\nsubscription:0\nmessage-id:" + header(first[which], "message-id").value_or(""));
  };
  answer("ACK", 0);
  answer("NACK", 2);
  EXPECT_EQ(bodies(), "b!c!");
}

TEST_F(SubscribeTest, AnswersNeedTheirHeaders) {
  for (const auto& [version, text] : std::vector<std::pair<Version, std::string>>{
           {Version::kV12, "ACK\nmessage-id:1"},
           {Version::kV12, "NACK\nsubscription:0"},
           {Version::kV11, "ACK\nsubscription:0"},
           {Version::kV11, "NACK\nmessage-id:018f4c4e-0000-7000-8000-000000000000"},
           {Version::kV10, "ACK\nid:1"}}) {
    test::FakeTransport transport;
    Session session(transport, shard_.context, SessionId("gw.0.9"));
    session.on_bytes((version == Version::kV10
                          ? "CONNECT\n\n"
                          : "CONNECT\naccept-version:" + std::string(to_string(version)) + "\n\n") +
                     '\0' + text + "\nreceipt:r\n\n" + '\0');
    shard_.executor.run();
    ASSERT_THAT(transport.sent, SizeIs(2)) << text;
    EXPECT_THAT(transport.sent[1], HasSubstr("message:Missing header\n")) << text;
    EXPECT_THAT(transport.sent[1], HasSubstr("receipt-id:r\n")) << text;
  }
}

TEST_F(SubscribeTest, NackIsNoCommandOf10) {
  connect_as(Version::kV10);
  frame("NACK\nmessage-id:1\nreceipt:r");
  EXPECT_EQ(header(expect_error("Bad command"), "receipt-id"), "r");
}

TEST_F(SubscribeTest, ModesAreSpelledExactly) {
  connect_as(Version::kV12);
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nack:Client");
  EXPECT_THAT(expect_error("Invalid header").body, HasSubstr("auto, client, client-individual"));
}

TEST_F(SubscribeTest, A10AckIsCumulativeAndByMessageId) {
  connect_as(Version::kV10);
  frame("SUBSCRIBE\ndestination:/topic/a\nack:client\nprefetch-count:2");
  for (const char* body : {"a", "b", "c", "d"}) send(body);
  const auto first = received();
  ASSERT_THAT(first, SizeIs(2));
  frame("ACK\nmessage-id:" + header(first[1], "message-id").value_or(""));
  EXPECT_EQ(bodies(), "cd");
}

}  // namespace
}  // namespace stampede::gateway
