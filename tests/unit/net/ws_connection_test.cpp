// A connection over real loopback sockets, with a session that the test scripts.
#include "gateway/net/ws_connection.h"

#include <gmock/gmock.h>

#include "tests/unit/net/net_fixture.h"

namespace stampede::test {
namespace {

using gateway::CloseReason;
using gateway::Transport;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Frame = TestClient::Frame;

class WsConnectionTest : public NetFixture {
 protected:
  void echo() {
    on_bytes_ = [](Transport& transport, std::string_view bytes) { transport.send(frame(bytes)); };
  }
};

TEST_F(WsConnectionTest, CarriesBytesBothWays) {
  echo();
  start();
  const auto client = connect();
  client->send_text("one");
  EXPECT_EQ(client->read_frame(), (Frame{kTextFrame, "one"}));
  client->send(client_frame(kBinaryFrame, "\xff"));
  EXPECT_EQ(client->read_frame(), (Frame{kBinaryFrame, "\xff"}));
}

TEST_F(WsConnectionTest, ReadsWhatCameBehindTheHandshake) {
  echo();
  start();
  const auto client = connect(client_frame(kTextFrame, "early").substr(0, 8));
  client->send(client_frame(kTextFrame, "early").substr(8));
  std::string answer;
  while (answer.size() < 5) answer += client->read_frame()->payload;
  EXPECT_EQ(answer, "early");
}

TEST_F(WsConnectionTest, WritesEverythingOfATurnWithOneCall) {
  start();
  const auto client = connect();
  run_on_loop([] {});  // the greeting is counted
  const double calls = counted("stampede_gateway_write_calls_total");
  const double flushes = counted("stampede_gateway_flushes_total");
  on_transport([](Transport& transport) {
    for (int i = 0; i < 50; ++i) transport.send(frame(std::to_string(i)));
  });
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(client->read_frame(), (Frame{kTextFrame, std::to_string(i)}));
  run_on_loop([] {});  // the turn that counts is over
  EXPECT_EQ(counted("stampede_gateway_write_calls_total") - calls, 1);
  EXPECT_EQ(counted("stampede_gateway_flushes_total") - flushes, 1);
}

TEST_F(WsConnectionTest, AnswersPingsAlsoBetweenFragments) {
  echo();
  start();
  const auto client = connect();
  client->send(client_frame(kTextFrame, "a", not_fin()) + client_frame(kPingFrame, "?") +
               client_frame(kContinuationFrame, "b") + client_frame(kPongFrame, "unasked"));
  EXPECT_EQ(client->read_frame(), (Frame{kTextFrame, "a"}));
  EXPECT_EQ(client->read_frame(), (Frame{kPongFrame, "?"}));
  EXPECT_EQ(client->read_frame(), (Frame{kTextFrame, "b"}));
}

// Closing

TEST_F(WsConnectionTest, AnswersThePeersCloseAndEnds) {
  start();
  const auto client = connect();
  client->send(client_frame(kCloseFrame, close_payload(4321, "enough")));
  EXPECT_EQ(client->read_frame(), (Frame{kCloseFrame, close_payload(4321)}));
  EXPECT_TRUE(client->at_end());
  EXPECT_THAT(log_.wait_for(2), ElementsAre("closed client_left", "destroyed"));
  EXPECT_EQ(counted("stampede_gateway_closed_total", {{"reason", "client_left"}}), 1);
  EXPECT_EQ(budget_.used(), 0u);
}

TEST_F(WsConnectionTest, ClosesWithCodeAndTextAfterWhatWasQueued) {
  on_bytes_ = [](Transport& transport, std::string_view) {
    transport.send(frame("ERROR"));
    transport.close(CloseReason::kStompError);
    transport.send(frame("after the close"));
    transport.close(CloseReason::kShuttingDown);
  };
  start();
  const auto client = connect();
  client->send_text("x");
  EXPECT_EQ(client->read_frame(), (Frame{kTextFrame, "ERROR"}));
  EXPECT_EQ(client->read_frame(), (Frame{kCloseFrame, close_payload(4000, "see the ERROR frame")}));
  client->send_text("not heard any more");
  client->send(client_frame(kCloseFrame, close_payload(4000)));
  EXPECT_EQ(client->read_frame(), std::nullopt);
  EXPECT_THAT(log_.wait_for(3), ElementsAre("got x", "closed stomp_error", "destroyed"));
}

TEST_F(WsConnectionTest, EndsWithoutThePeersCloseAfterItsTimeout) {
  options_.close_timeout = Milliseconds(50);
  start();
  const auto client = connect();
  on_transport([](Transport& transport) { transport.close(CloseReason::kShuttingDown); });
  EXPECT_THAT(log_.wait_for(2), ElementsAre("closed shutting_down", "destroyed"));
  EXPECT_EQ(client->read_frame()->opcode, kCloseFrame);
  EXPECT_TRUE(client->at_end());
}

TEST_F(WsConnectionTest, AnEndOfStreamIsALeave) {
  start();
  connect()->end_sending();
  EXPECT_THAT(log_.wait_for(3), ElementsAre("end of input", "closed client_left", "destroyed"));
}

TEST_F(WsConnectionTest, AResetIsAFailure) {
  start();
  connect()->reset();
  EXPECT_THAT(log_.wait_for(2), ElementsAre("closed transport_failed", "destroyed"));
}

TEST_F(WsConnectionTest, AResetWhileSendingIsAFailureToo) {
  start();
  const auto client = connect();
  client->reset();
  run_on_loop([&] {
    if (const auto connection = connection_.lock()) connection->send(frame("x"));
  });
  EXPECT_THAT(log_.wait_for(2), ElementsAre("closed transport_failed", "destroyed"));
}

struct Violation {
  const char* what;
  std::string bytes;
  std::uint16_t code;
  const char* label;
};

TEST_F(WsConnectionTest, SaysWhatWasWrongBeforeItEnds) {
  options_.websocket.max_message_bytes = 100;
  start();
  const Violation violations[] = {
      {"masked", client_frame(kTextFrame, "a", {.masked = false}), 1002, "protocol_error"},
      {"UTF-8", client_frame(kTextFrame, "\xff"), 1007, "bad_text"},
      {"100 bytes", client_frame(kTextFrame, std::string(101, 'a')), 1009, "message_too_big"},
  };
  std::size_t events = 0;
  for (const Violation& violation : violations) {
    const auto client = connect();
    // More than one read, so that unread bytes would turn the close into a reset.
    client->send(violation.bytes + std::string(200'000, 'x'));
    const auto answer = client->read_frame();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->opcode, kCloseFrame);
    EXPECT_EQ(answer->payload.substr(0, 2), close_payload(violation.code));
    EXPECT_THAT(answer->payload, HasSubstr(violation.what));
    EXPECT_TRUE(client->at_end());
    client->leave();
    events += 2;
    EXPECT_THAT(log_.wait_for(events)[events - 2], HasSubstr(violation.label));
  }
}

TEST_F(WsConnectionTest, CountsWhichLimitWasHit) {
  options_.websocket.max_frame_bytes = 100;
  options_.websocket.max_message_bytes = 150;
  options_.websocket.max_fragments = 2;
  start();
  const std::string piece(90, 'a');
  const auto fragment = [](unsigned opcode, const std::string& text) {
    return client_frame(opcode, text, not_fin());
  };
  const std::pair<const char*, std::string> over[] = {
      {"ws_frame", client_frame(kTextFrame, std::string(101, 'a'))},
      {"ws_message", fragment(kTextFrame, piece) + fragment(kContinuationFrame, piece)},
      {"fragments", fragment(kTextFrame, "a") + fragment(kContinuationFrame, "b") +
                        fragment(kContinuationFrame, "c")}};
  for (const auto& [limit, bytes] : over) {
    const auto client = connect();
    client->send(bytes);
    const auto answer = client->read_frame();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->payload.substr(0, 2), close_payload(1009)) << limit;
    EXPECT_EQ(counted("stampede_gateway_limit_hits_total", {{"limit", limit}}), 1) << limit;
  }
}

TEST_F(WsConnectionTest, AViolationBehindAClosingFrameDoesNotCostTheLastWords) {
  on_bytes_ = [](Transport& transport, std::string_view) {
    transport.send(frame("ERROR"));
    transport.close(CloseReason::kStompError);
  };
  start();
  const auto client = connect();
  client->send(client_frame(kTextFrame, "bad STOMP") + client_frame(7, "bad WebSocket"));
  EXPECT_EQ(client->read_frame(), (Frame{kTextFrame, "ERROR"}));
  EXPECT_EQ(client->read_frame(), (Frame{kCloseFrame, close_payload(4000, "see the ERROR frame")}));
  EXPECT_TRUE(client->at_end());
  client->leave();
  EXPECT_THAT(log_.wait_for(3), ElementsAre("got bad STOMP", "closed stomp_error", "destroyed"));
}

TEST_F(WsConnectionTest, AFaultInASessionEndsThatSessionOnly) {
  on_bytes_ = [](Transport& transport, std::string_view bytes) {
    if (bytes == "fault") throw std::runtime_error("expected by this test");
    transport.send(frame(bytes));
  };
  start();
  const auto good = connect();
  const auto bad = connect();
  bad->send_text("fault");
  EXPECT_EQ(bad->read_frame(), (Frame{kCloseFrame, close_payload(1011, "internal error")}));
  good->send_text("still here");
  EXPECT_EQ(good->read_frame(), (Frame{kTextFrame, "still here"}));
}

// Pausing

TEST_F(WsConnectionTest, KeepsWhatItHasReadWhileTheSessionPauses) {
  on_bytes_ = [](Transport& transport, std::string_view) { transport.pause_reading(); };
  start();
  const auto client = connect();
  client->send(client_frame(kTextFrame, "one") + client_frame(kTextFrame, "two") +
               client_frame(kTextFrame, "three"));
  EXPECT_THAT(log_.wait_for(1), ElementsAre("got one"));
  client->send_text("four");
  run_on_loop([] {});
  EXPECT_THAT(log_.wait_for(1), ElementsAre("got one"));
  for (std::size_t events = 2; events <= 4; ++events) {
    on_transport([](Transport& transport) { transport.resume_reading(); });
    EXPECT_EQ(log_.wait_for(events).size(), events);
  }
  EXPECT_THAT(log_.wait_for(4), ElementsAre("got one", "got two", "got three", "got four"));
}

TEST_F(WsConnectionTest, ResumingInsideTheCallThatPausedGoesOn) {
  on_bytes_ = [](Transport& transport, std::string_view) {
    transport.pause_reading();
    transport.resume_reading();
    transport.pause_reading();
    transport.resume_reading();
  };
  start();
  const auto client = connect();
  std::string all;
  for (int i = 0; i < 100; ++i) all += client_frame(kTextFrame, std::to_string(i));
  client->send(all);
  const auto events = log_.wait_for(100);
  ASSERT_EQ(events.size(), 100u);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(events[static_cast<std::size_t>(i)], "got " + std::to_string(i));
}

TEST_F(WsConnectionTest, ClosesInOrderWhileTheSessionPauses) {
  on_bytes_ = [](Transport& transport, std::string_view) { transport.pause_reading(); };
  start();
  const auto client = connect();
  client->send(client_frame(kTextFrame, "one") + client_frame(kTextFrame, "two") +
               client_frame(kCloseFrame, close_payload(1000)));
  log_.wait_for(1);
  on_transport([](Transport& transport) { transport.close(CloseReason::kShuttingDown); });
  EXPECT_EQ(client->read_frame()->opcode, kCloseFrame);
  EXPECT_TRUE(client->at_end());
  EXPECT_THAT(log_.wait_for(3), ElementsAre("got one", "closed shutting_down", "destroyed"));
}

TEST_F(WsConnectionTest, RemembersThatAFrameWasSentUntilItIsAsked) {
  start();
  const auto client = connect();
  client->send(client_frame(kPingFrame, "?"));
  ASSERT_TRUE(client->read_frame());
  on_transport([](Transport& transport) {
    EXPECT_FALSE(transport.take_sent()) << "a pong is no beat of STOMP";
    transport.send(frame("one"));
    EXPECT_TRUE(transport.take_sent());
    EXPECT_FALSE(transport.take_sent());
  });
}

// Slow consumers

TEST_F(WsConnectionTest, ABurstBeyondTheBoundIsNoOverflowWhenThePeerReads) {
  options_.outbox_bytes = 10'000;
  start();
  const auto client = connect();
  on_transport([](Transport& transport) {
    for (int i = 0; i < 300; ++i) transport.send(frame(std::string(1000, 'x')));
  });
  for (int i = 0; i < 300; ++i) ASSERT_EQ(client->read_frame()->payload.size(), 1000u);
  EXPECT_TRUE(log_.wait_for(0).empty());
}

TEST_F(WsConnectionTest, TellsASlowConsumerAndClosesIt) {
  options_.outbox_bytes = 100'000;
  send_buffer_ = 8192;
  on_overflow_ = [](Transport& transport, std::string_view) {
    transport.send(frame("last words"));
    transport.close(CloseReason::kSlowConsumer);
  };
  start();
  const auto client = connect({}, 8192);
  for (int turn = 0; turn < 50; ++turn) {
    run_on_loop([&] {
      const auto connection = connection_.lock();
      for (int i = 0; connection && i < 10; ++i) connection->send(frame(std::string(1000, 'x')));
    });
  }
  EXPECT_EQ(log_.wait_for(1).front(), "overflow");
  EXPECT_GT(counted("stampede_gateway_dropped_bytes_total"), 0);
  EXPECT_EQ(counted("stampede_gateway_limit_hits_total", {{"limit", "outbox"}}), 1);
  // It wakes up: what it was being sent is whole, then it learns why there is no more.
  std::optional<Frame> next = client->read_frame();
  while (next && next->payload == std::string(1000, 'x')) next = client->read_frame();
  EXPECT_EQ(next, (Frame{kTextFrame, "last words"}));
  EXPECT_EQ(client->read_frame(), (Frame{kCloseFrame, close_payload(4003, "slow consumer")}));
  client->send(client_frame(kCloseFrame, close_payload(4003)));
  EXPECT_THAT(log_.wait_for(3), ElementsAre("overflow", "closed slow_consumer", "destroyed"));
}

TEST_F(WsConnectionTest, GivesUpOnAConsumerThatNeverReads) {
  options_.outbox_bytes = 100'000;
  options_.close_timeout = Milliseconds(50);
  send_buffer_ = 8192;
  start();
  const auto client = connect({}, 8192);
  run_on_loop([&] {
    for (int i = 0; i < 1000; ++i) connection_.lock()->send(frame(std::string(1000, 'x')));
  });
  EXPECT_THAT(log_.wait_for(3), ElementsAre("overflow", "closed slow_consumer", "destroyed"));
}

// A shard's end

TEST_F(WsConnectionTest, CloseAllEndsEveryConnection) {
  start();
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(connect());
  run_on_loop([&] {
    EXPECT_EQ(shard_->connections(), 20u);
    shard_->shut_down();
  });
  for (const auto& client : clients) {
    EXPECT_EQ(client->read_frame()->payload, close_payload(1001, "gateway is shutting down"));
    client->send(client_frame(kCloseFrame, close_payload(1001)));
    EXPECT_TRUE(client->at_end());
  }
  EXPECT_EQ(log_.wait_for(40).size(), 40u);
  run_on_loop([&] { EXPECT_EQ(shard_->connections(), 0u); });
}

TEST_F(WsConnectionTest, OpenConnectionsGoWithTheirShard) {
  start();
  const auto client = connect();
  stop();
  EXPECT_THAT(log_.wait_for(1), ElementsAre("destroyed"));
  EXPECT_TRUE(client->at_end());
  EXPECT_EQ(budget_.used(), 0u);
}

TEST_F(WsConnectionTest, ASessionWhoseEndWasNotHeardAnyMoreGoesWithTheShardToo) {
  start();
  const auto client = connect();
  run_on_loop([this] {
    connection_.lock()->close(CloseReason::kTransportFailed);  // posts what ends the session
    loop_.context().stop();                                    // which is not run any more
  });
  stop();
  EXPECT_THAT(log_.wait_for(1), ElementsAre("destroyed"));
  EXPECT_EQ(budget_.used(), 0u);
}

}  // namespace
}  // namespace stampede::test
