// Every bound of a session: what the client is told, why the connection ends, what is counted.
#include "tests/unit/session/session_fixture.h"

namespace stampede::gateway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class SessionLimitsTest : public SessionTest {
 protected:
  double hits(const char* limit) {
    return shard_.metrics.counter("stampede_gateway_limit_hits_total", "", {{"limit", limit}})
        .value();
  }
  double slowed(const char* limit) {
    return shard_.metrics.counter("stampede_gateway_slowed_total", "", {{"limit", limit}}).value();
  }
  void expect_end(const std::string& message, const std::string& detail, CloseReason reason) {
    ASSERT_FALSE(sent().empty());
    EXPECT_THAT(sent().back(), AllOf(StartsWith("ERROR\n"), HasSubstr("message:" + message + "\n"),
                                     HasSubstr(detail)));
    EXPECT_EQ(transport_.closed, reason);
  }
  void send_to(const std::string& room, const std::string& body = "x") {
    frame("SEND\ndestination:/topic/" + room + "\n\n" + body);
  }
  std::size_t published() const {
    std::size_t messages = 0;
    for (const auto& append : shard_.feed.appends) messages += append.batch.size();
    return messages;
  }
};

TEST_F(SessionLimitsTest, BeforeConnectedOnlyWhatAConnectMayNeedIsTaken) {
  receive("SEND\ndestination:/topic/a\n\n" + std::string(60'000, 'x'));
  expect_end("Frame too large", "a body may have 49152 bytes before CONNECTED",
             CloseReason::kMessageTooBig);
  EXPECT_EQ(hits("before_connect"), 1);
  EXPECT_EQ(hits("body"), 0);
}

TEST_F(SessionLimitsTest, BeforeConnectedTheSmallerOfTheHeaderBoundsHolds) {
  shard_.context.limits.max_connect_bytes = 2000;
  Session small(transport_, shard_.context, SessionId("gw.0.2"));
  small.on_bytes("CONNECT\nx:" + std::string(2000, 'x'));
  expect_end("Frame too large", "command and headers together may have 2000 bytes before CONNECTED",
             CloseReason::kMessageTooBig);
}

TEST_F(SessionLimitsTest, AfterConnectedTheFullBoundsHold) {
  connect();
  send_to("a", std::string(200'000, 'x'));
  EXPECT_EQ(published(), 1u);
  send_to("a", std::string(300'000, 'x'));
  expect_end("Frame too large", "a body may have 262144 bytes", CloseReason::kMessageTooBig);
  EXPECT_EQ(hits("body"), 1);
  EXPECT_EQ(hits("before_connect"), 0);
}

TEST_F(SessionLimitsTest, TooManyHeadersAreCounted) {
  connect();
  std::string headers;
  for (int i = 0; i < 65; ++i) headers += "\nh" + std::to_string(i) + ":x";
  frame("SEND" + headers);
  expect_end("Frame too large", "a frame may have 64 headers", CloseReason::kMessageTooBig);
  EXPECT_EQ(hits("headers"), 1);
}

TEST_F(SessionLimitsTest, TooManyHeaderBytesAreCounted) {
  connect();
  receive("SEND\nx:" + std::string(20'000, 'x'));
  expect_end("Frame too large", "together may have 16384 bytes", CloseReason::kMessageTooBig);
  EXPECT_EQ(hits("header_bytes"), 1);
}

TEST_F(SessionLimitsTest, TheConnectDeadlineIsCounted) {
  shard_.pass(Milliseconds(10'200));
  expect_end("Connect timeout", "no CONNECT frame within 10000 ms", CloseReason::kConnectTimeout);
  EXPECT_EQ(hits("connect_time"), 1);
}

TEST_F(SessionLimitsTest, TooManySubscriptionsAreCounted) {
  shard_.context.limits.max_subscriptions = 2;
  connect();
  for (const char* id : {"1", "2", "3"}) {
    frame(std::string("SUBSCRIBE\nid:") + id + "\ndestination:/topic/a");
  }
  expect_end("Too many subscriptions", "a session may hold 2", CloseReason::kStompError);
  EXPECT_EQ(hits("subscriptions"), 1);
}

TEST_F(SessionLimitsTest, TooManyTransactionsAreCounted) {
  shard_.context.limits.max_transactions = 1;
  connect();
  frame("BEGIN\ntransaction:a");
  frame("BEGIN\ntransaction:b");
  expect_end("Bad transaction", "a session may hold 1 transactions open", CloseReason::kStompError);
  EXPECT_EQ(hits("transactions"), 1);
}

TEST_F(SessionLimitsTest, TooManyFramesOfATransactionAreCounted) {
  shard_.context.limits.max_transaction_frames = 1;
  connect();
  frame("BEGIN\ntransaction:a");
  for (int i = 0; i < 2; ++i) frame("SEND\ntransaction:a\ndestination:/topic/a\n\nx");
  expect_end("Bad transaction", "a transaction may hold 1 frames", CloseReason::kMessageTooBig);
  EXPECT_EQ(hits("transaction_frames"), 1);
}

TEST_F(SessionLimitsTest, TheBytesOfATransactionAreHeadersTooAndThoseOfAllOpenOnes) {
  shard_.context.limits.max_transaction_bytes = 3000;
  connect();
  frame("BEGIN\ntransaction:a");
  frame("BEGIN\ntransaction:b");
  const std::string header = "\nx:" + std::string(1200, 'x') + "\n\n";
  frame("SEND\ntransaction:a\ndestination:/topic/a" + header);
  frame("SEND\ntransaction:b\ndestination:/topic/a" + header);
  EXPECT_FALSE(transport_.closed);
  frame("SEND\ntransaction:a\ndestination:/topic/a" + header);
  expect_end("Bad transaction", "transactions of a session may hold 3000 bytes together",
             CloseReason::kMessageTooBig);
  EXPECT_EQ(hits("transaction_bytes"), 1);
}

TEST_F(SessionLimitsTest, WhatIsNotAcknowledgedIsBoundedForAllSubscriptionsTogether) {
  shard_.context.limits.max_unacknowledged_bytes = 10;
  connect();
  for (const char* room : {"a", "b"}) {
    frame(std::string("SUBSCRIBE\nack:client\nid:") + room + "\ndestination:/topic/" + room);
    send_to(room, "12345");
  }
  EXPECT_FALSE(transport_.closed);
  send_to("a", "6");
  expect_end("Slow consumer", "10 bytes wait for acknowledgements, and no more than 10 are kept",
             CloseReason::kSlowConsumer);
  EXPECT_EQ(hits("unacknowledged"), 1);
}

TEST_F(SessionLimitsTest, WaitingForConfirmsIsCountedAsSlowing) {
  shard_.context.limits.max_in_flight = 2;
  connect();
  for (int i = 0; i < 3; ++i) send_to("a");
  EXPECT_TRUE(transport_.paused);
  EXPECT_EQ(slowed("in_flight"), 1);
  shard_.feed.answer_all();
  shard_.executor.run();
  EXPECT_FALSE(transport_.paused);
}

TEST_F(SessionLimitsTest, HeadersCountForWhatIsInFlight) {
  shard_.context.limits.max_in_flight_bytes = 1000;
  connect();
  frame("SEND\ndestination:/topic/a\nx:" + std::string(1200, 'x'));
  EXPECT_FALSE(transport_.paused);
  send_to("a");
  EXPECT_TRUE(transport_.paused);
}

TEST_F(SessionLimitsTest, ABurstPassesAndWhatIsFasterIsSlowedDown) {
  shard_.context.limits.rates.session = {10, Milliseconds(1000)};
  connect();
  for (int i = 0; i < 11; ++i) send_to("a", std::to_string(i));
  EXPECT_EQ(published(), 10u);
  EXPECT_TRUE(transport_.paused);
  EXPECT_EQ(slowed("session_rate"), 1);
  shard_.pass(Milliseconds(300));
  EXPECT_EQ(published(), 11u) << "late, not lost";
  EXPECT_FALSE(transport_.paused);
  EXPECT_FALSE(transport_.closed);
}

TEST_F(SessionLimitsTest, FramesBehindOneThatIsSlowedDownKeepTheirOrder) {
  shard_.context.limits.rates.session = {10, Milliseconds(100)};
  connect();
  std::string frames;
  for (int i = 0; i < 5; ++i) {
    frames += "SEND\ndestination:/topic/a\n\n" + std::to_string(i) + std::string(1, '\0');
  }
  receive(frames + "SEND\ndestination:/queue/no\nreceipt:last\n\n" + std::string(1, '\0'));
  shard_.pass(Milliseconds(2000));
  std::string order;
  for (const auto& append : shard_.feed.appends) {
    for (const auto& message : append.batch) order += message->body;
  }
  EXPECT_EQ(order, "01234");
  EXPECT_THAT(sent().back(), HasSubstr("receipt-id:last"));
}

TEST_F(SessionLimitsTest, WhoGoesOnWithoutAPauseIsRefused) {
  shard_.context.limits.rates.session = {10, Milliseconds(1000)};
  shard_.context.limits.rates.patience = Milliseconds(3000);
  connect();
  for (int i = 0; i < 100 && !transport_.closed; ++i) {
    if (transport_.paused) {
      shard_.pass(Milliseconds(100));
    } else {
      frame("SEND\ndestination:/topic/a\nreceipt:r" + std::to_string(i) + "\n\nx");
    }
  }
  expect_end("Too many messages",
             "a session may send 10 SEND and SUBSCRIBE frames a second, 10 at once",
             CloseReason::kTooFast);
  EXPECT_THAT(sent().back(), HasSubstr("receipt-id:r"));
  EXPECT_EQ(hits("session_rate"), 1);
}

TEST_F(SessionLimitsTest, SubscribingCountsAndListeningDoesNot) {
  shard_.context.limits.rates.session = {1, Milliseconds(2000)};
  connect();
  for (int i = 0; i < 3; ++i) {
    frame("SUBSCRIBE\nid:" + std::to_string(i) + "\ndestination:/topic/a");
  }
  EXPECT_TRUE(transport_.paused);
  EXPECT_EQ(slowed("session_rate"), 1);
}

TEST_F(SessionLimitsTest, TheSessionsOfAUserShareItsRate) {
  UserRates rates;
  shard_.context.user_rates = &rates;
  shard_.context.limits.rates.user = {10, Milliseconds(1000)};
  connect();
  test::FakeTransport other_transport;
  Session other(other_transport, shard_.context, SessionId("gw.0.2"));
  const std::string connect_frame = "CONNECT\naccept-version:1.2\nlogin:ann\n\n";
  other.on_bytes(connect_frame + std::string(1, '\0'));
  for (int i = 0; i < 10; ++i) send_to("a");
  EXPECT_FALSE(transport_.paused);
  other.on_bytes("SEND\ndestination:/topic/a\n\nx" + std::string(1, '\0'));
  EXPECT_TRUE(other_transport.paused);
  EXPECT_EQ(slowed("user_rate"), 1);
}

TEST_F(SessionLimitsTest, WithVirtualHostsOthersAreRefused) {
  shard_.context.limits.virtual_hosts = {"chat.example", "localhost"};
  frame("CONNECT\naccept-version:1.2\nhost:Elsewhere.example");
  expect_end("Bad CONNECT",
             "host 'elsewhere.example' is not served here; allowed: chat.example, localhost",
             CloseReason::kStompError);
}

TEST_F(SessionLimitsTest, WithVirtualHostsTheirNamesAndNoneAreServed) {
  shard_.context.limits.virtual_hosts = {"chat.example"};
  connect("accept-version:1.2\nhost:Chat.Example");
  test::FakeTransport other_transport;
  Session other(other_transport, shard_.context, SessionId("gw.0.2"));
  other.on_bytes("CONNECT\naccept-version:1.0\n\n" + std::string(1, '\0'));
  shard_.executor.run();
  EXPECT_THAT(other_transport.sent.at(0), StartsWith("CONNECTED\n"));
}

TEST_F(SessionLimitsTest, ASessionThatEndsWhileItIsSlowedDownIsNotWoken) {
  shard_.context.limits.rates.session = {1, Milliseconds(100)};
  connect();
  for (int i = 0; i < 2; ++i) send_to("a");
  ASSERT_TRUE(transport_.paused);
  session_.on_closed(CloseReason::kClientLeft);
  shard_.pass(Milliseconds(3000));
  EXPECT_EQ(published(), 1u);
}

}  // namespace
}  // namespace stampede::gateway
