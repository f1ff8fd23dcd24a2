// Plain STOMP over real loopback sockets, with a session that the test scripts. What it shares with
// WebSockets (outbox, pausing, overflow) is in ws_connection_test.cpp.
#include "gateway/net/tcp_connection.h"

#include <gmock/gmock.h>

#include <cstring>

#include "tests/unit/net/net_fixture.h"

namespace stampede::test {
namespace {

using gateway::CloseReason;
using gateway::Slice;
using gateway::Transport;
using ::testing::ElementsAre;

class TcpConnectionTest : public NetFixture {
 protected:
  TcpConnectionTest() { greeting_.clear(); }

  std::shared_ptr<gateway::StreamConnection> make_connection(
      sockets::ClientSocket socket) override {
    return std::make_shared<gateway::TcpConnection>(*shard_, std::move(socket), "peer");
  }
};

TEST_F(TcpConnectionTest, CarriesFramesWithoutAnyFraming) {
  on_bytes_ = [](Transport& transport, std::string_view bytes) {
    transport.send(frame(bytes));
    transport.send(Slice::of_heart_beat());
  };
  start();
  const auto client = connect();
  client->send("one\xff");
  EXPECT_EQ(client->read_until("\n"), "one\xff\n");
  EXPECT_EQ(counted("stampede_gateway_accepted_total", {{"transport", "tcp"}}), 1);
  EXPECT_EQ(counted("stampede_gateway_accepted_total", {{"transport", "ws"}}), 0);
}

TEST_F(TcpConnectionTest, EndsAfterTheLastFrameAndIsNotReset) {
  on_bytes_ = [](Transport& transport, std::string_view) {
    transport.send(frame("ERROR"));
    transport.close(CloseReason::kStompError);
  };
  start();
  const auto client = connect();
  // More than one read, so that unread bytes would turn the close into a reset.
  client->send(std::string(200'000, 'x'));
  EXPECT_EQ(client->read_until("nothing ends like this"), "ERROR");
  client->leave();
  EXPECT_EQ(log_.wait_for(3).at(1), "closed stomp_error");
  EXPECT_EQ(budget_.used(), 0u);
}

TEST_F(TcpConnectionTest, EndsAlsoWhenThereIsNothingToSay) {
  start();
  const auto client = connect();
  on_transport([](Transport& transport) { transport.close(CloseReason::kHeartBeatMissed); });
  EXPECT_TRUE(client->at_end());
  client->leave();
  EXPECT_THAT(log_.wait_for(2), ElementsAre("closed heart_beat_missed", "destroyed"));
}

TEST_F(TcpConnectionTest, APeerThatDoesNotLeaveIsLeft) {
  options_.close_timeout = Milliseconds(50);
  start();
  const auto client = connect();
  on_transport([](Transport& transport) { transport.close(CloseReason::kShuttingDown); });
  EXPECT_THAT(log_.wait_for(2), ElementsAre("closed shutting_down", "destroyed"));
}

// A peer that ends its own side only

TEST_F(TcpConnectionTest, AnswersThatAreOwedGoOutAfterThePeersEnd) {
  on_end_ = [](Transport&, std::string_view) {};
  start();
  const auto client = connect();
  client->send("SEND");
  client->end_sending();
  ASSERT_THAT(log_.wait_for(2), ElementsAre("got SEND", "end of input"));
  on_transport([](Transport& transport) {
    transport.send(frame("RECEIPT"));
    transport.close(CloseReason::kClientLeft);
  });
  EXPECT_EQ(client->read_until("nothing ends like this"), "RECEIPT");
  EXPECT_THAT(log_.wait_for(4),
              ElementsAre("got SEND", "end of input", "closed client_left", "destroyed"));
}

TEST_F(TcpConnectionTest, AnswersThatNeverComeAreNotWaitedForForEver) {
  options_.close_timeout = Milliseconds(50);
  on_end_ = [](Transport&, std::string_view) {};
  start();
  const auto client = connect();
  client->end_sending();
  EXPECT_THAT(log_.wait_for(3), ElementsAre("end of input", "closed client_left", "destroyed"));
  EXPECT_TRUE(client->at_end());
}

TEST_F(TcpConnectionTest, LastWordsThatDoNotFitAtOnceReachAPeerThatHasEndedItsSide) {
  send_buffer_ = 8192;
  options_.outbox_bytes = 10'000'000;
  on_bytes_ = [](Transport& transport, std::string_view) {
    for (int i = 0; i < 2000; ++i) transport.send(frame(std::string(1000, 'x')));
    transport.send(frame("the end"));
    transport.close(CloseReason::kStompError);
  };
  start();
  const auto client = connect({}, 8192);
  client->send("x");
  client->end_sending();
  EXPECT_EQ(client->read_until("nothing ends like this").size(),
            2'000'000 + std::strlen("the end"));
  EXPECT_EQ(log_.wait_for(2).at(1), "closed stomp_error");
}

}  // namespace
}  // namespace stampede::test
