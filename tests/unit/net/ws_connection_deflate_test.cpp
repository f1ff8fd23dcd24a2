// permessage-deflate on real loopback sockets: who gets which form, and what input may become.
#include <gmock/gmock.h>

#include "tests/unit/net/deflate.h"
#include "tests/unit/net/net_fixture.h"

namespace stampede::test {
namespace {

using gateway::Slice;
using gateway::Transport;
using gateway::WsDeflateAgreement;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Frame = TestClient::Frame;

const std::string kChat = "MESSAGE\n\n" + std::string(500, 'x') + std::string(500, 'y');

std::string compressed_text(std::string_view plain) {
  return client_frame(kTextFrame, deflated(plain), {.reserved = 0x40});
}

class WsConnectionDeflateTest : public NetFixture {
 protected:
  std::unique_ptr<TestClient> connect_compressed(WsDeflateAgreement agreement = {}) {
    deflate_ = agreement;
    return connect();
  }
  std::unique_ptr<TestClient> connect_plain() {
    deflate_ = std::nullopt;
    return connect();
  }
  void send_on(const std::weak_ptr<gateway::StreamConnection>& connection, const Slice& slice) {
    connection.lock()->send(slice);
  }
};

TEST_F(WsConnectionDeflateTest, CompressesOnceForThoseThatAgreedAndNotForTheRest) {
  start();
  std::vector<std::unique_ptr<TestClient>> clients;
  std::vector<std::weak_ptr<gateway::StreamConnection>> connections;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(i % 2 == 0 ? connect_plain() : connect_compressed());
    connections.push_back(connection_);
  }
  run_on_loop([&] {
    const Slice shared = frame(kChat);
    for (const auto& connection : connections) send_on(connection, shared);
  });
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const auto got = clients[i]->read_frame();
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->opcode, kTextFrame);
    EXPECT_EQ(got->compressed, i % 2 != 0);
    EXPECT_EQ(got->compressed ? inflated(got->payload) : got->payload, kChat);
  }
  EXPECT_EQ(counted("stampede_gateway_deflated_total"), 1);
  EXPECT_EQ(counted("stampede_gateway_deflate_agreed_total"), 3);
}

TEST_F(WsConnectionDeflateTest, NothingIsCompressedWhenNobodyAgreed) {
  start();
  const auto client = connect_plain();
  on_transport([](Transport& transport) { transport.send(frame(kChat)); });
  EXPECT_EQ(client->read_frame(), (Frame{kTextFrame, kChat}));
  EXPECT_EQ(counted("stampede_gateway_deflated_total"), 0);
}

TEST_F(WsConnectionDeflateTest, ControlFramesAndSmallFramesGoAsTheyAre) {
  start();
  const auto client = connect_compressed();
  client->send(client_frame(kPingFrame, std::string(125, 'p')));
  EXPECT_EQ(client->read_frame(), (Frame{kPongFrame, std::string(125, 'p')}));
  on_transport([](Transport& transport) {
    transport.send(Slice::of_heart_beat());
    transport.close(gateway::CloseReason::kShuttingDown);
  });
  EXPECT_EQ(client->read_frame(), (Frame{kTextFrame, "\n"}));
  EXPECT_EQ(client->read_frame(),
            (Frame{kCloseFrame, close_payload(1001, "gateway is shutting down")}));
}

TEST_F(WsConnectionDeflateTest, AMessageLargerThanTheClientsWindowGoesAsItIs) {
  start();
  const auto client = connect_compressed({.server_window_bits = 9});
  on_transport([](Transport& transport) {
    transport.send(frame(std::string(512, 'x')));
    transport.send(frame(std::string(513, 'x')));
  });
  const auto fits = client->read_frame();
  ASSERT_TRUE(fits.has_value());
  EXPECT_TRUE(fits->compressed);
  EXPECT_EQ(inflated(fits->payload, 9), std::string(512, 'x'));
  EXPECT_EQ(client->read_frame(), (Frame{kTextFrame, std::string(513, 'x')}));
}

TEST_F(WsConnectionDeflateTest, HandsInflatedInputToTheSession) {
  on_bytes_ = [](Transport& transport, std::string_view bytes) { transport.send(frame(bytes)); };
  start();
  const auto client = connect_compressed();
  client->send(compressed_text("one") + compressed_text("two"));
  EXPECT_EQ(client->read_frame(), (Frame{kTextFrame, "one"}));
  EXPECT_EQ(client->read_frame(), (Frame{kTextFrame, "two"}));
  EXPECT_EQ(counted("stampede_gateway_inflated_bytes_total"), 6);
}

TEST_F(WsConnectionDeflateTest, KeepsWhatIsInflatedWhileTheSessionPauses) {
  std::string heard;
  on_bytes_ = [&](Transport& transport, std::string_view bytes) {
    heard += bytes;
    transport.pause_reading();
  };
  start();
  const auto client = connect_compressed();
  // Everything is read in the first turn; what it inflates to takes four pieces.
  const std::string plain(50'000, 'z');
  client->send(compressed_text(plain));
  for (std::size_t events = 1; events <= 4; ++events) {
    EXPECT_EQ(log_.wait_for(events).size(), events);
    on_transport([](Transport& transport) { transport.resume_reading(); });
  }
  run_on_loop([&] { EXPECT_EQ(heard, plain); });
  client->send(compressed_text("next"));
  EXPECT_EQ(log_.wait_for(5).back(), "got next");
  stop();  // before what the session writes to goes
}

TEST_F(WsConnectionDeflateTest, MuchThatIsLittleCompressedLetsOthersHaveTheirTurn) {
  options_.websocket.max_message_bytes = 8 << 20;
  const auto greedy_has = std::make_shared<std::size_t>(0);
  const auto when_asked = std::make_shared<std::size_t>(0);
  on_bytes_ = [=, this](Transport&, std::string_view bytes) {
    // One task posted with the first piece runs after one turn's worth, not after all of it.
    if (*greedy_has == 0) loop_.post([=] { *when_asked = *greedy_has; });
    *greedy_has += bytes.size();
  };
  start();
  const auto client = connect_compressed();
  const std::string plain(4 << 20, 'z');
  client->send(compressed_text(plain));
  log_.wait_for(plain.size() / 16'384);
  run_on_loop([&] {
    EXPECT_EQ(*greedy_has, plain.size());
    EXPECT_LE(*when_asked, 64u * 1024);
    EXPECT_GT(*when_asked, 0u);
  });
}

TEST_F(WsConnectionDeflateTest, ABombIsClosedWith1009) {
  options_.websocket.max_message_bytes = 100'000;
  start();
  const auto client = connect_compressed();
  client->send(compressed_text(std::string(50 << 20, '\0')));
  const auto answer = client->read_frame();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->payload.substr(0, 2), close_payload(1009));
  EXPECT_THAT(answer->payload, HasSubstr("may have 100000 bytes when it is inflated"));
  EXPECT_TRUE(client->at_end());
  EXPECT_EQ(counted("stampede_gateway_inflated_bytes_total"), 100'000);
}

TEST_F(WsConnectionDeflateTest, WhatIsNotDeflateIsClosedWith1007) {
  start();
  const auto client = connect_compressed();
  client->send(client_frame(kTextFrame, "\xff\xff", {.reserved = 0x40}));
  const auto answer = client->read_frame();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->payload.substr(0, 2), close_payload(1007));
  EXPECT_TRUE(client->at_end());
  client->leave();
  EXPECT_THAT(log_.wait_for(2), ElementsAre("closed bad_compression", "destroyed"));
}

TEST_F(WsConnectionDeflateTest, AConnectionInTheMiddleOfAMessageMayOutliveItsShard) {
  start();
  const auto client = connect_compressed();
  client->send(client_frame(kTextFrame, deflated("half of it").substr(0, 4),
                            {.fin = false, .reserved = 0x40}) +
               client_frame(kPingFrame, "read"));
  EXPECT_EQ(client->read_frame(), (Frame{kPongFrame, "read"}));
  stop();
  EXPECT_TRUE(client->at_end());
}

TEST_F(WsConnectionDeflateTest, ASlowConsumerIsBoundedByWhatIsHeldForIt) {
  // Each compresses to a few bytes, which would fit the bound thousands of times.
  options_.outbox_bytes = 100'000;
  send_buffer_ = 4096;
  start();
  const auto client = connect_compressed();
  std::size_t sent = 0;
  for (int turn = 0; turn < 2000 && !connection_.expired(); ++turn) {
    run_on_loop([&] {
      const auto connection = connection_.lock();
      for (int i = 0; connection && i < 100; ++i, ++sent) {
        connection->send(frame(std::to_string(sent) + std::string(5000, 'x')));
      }
    });
    if (!log_.wait_for(0).empty()) break;
  }
  EXPECT_EQ(log_.wait_for(1).front(), "overflow");
}

}  // namespace
}  // namespace stampede::test
