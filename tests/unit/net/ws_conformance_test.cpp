// A connection against the sections of the well-known conformance suite (Autobahn), as far as it is
// the connection, its sockets and its answers that matter: ws_decoder_test.cpp holds the framing
// itself, ws_decoder_deflate_test.cpp sections 12 and 13 of it. The session echoes.
#include <gmock/gmock.h>

#include <random>

#include "tests/unit/net/deflate.h"
#include "tests/unit/net/net_fixture.h"

namespace stampede::test {
namespace {

using gateway::Transport;
using gateway::WsDeflateAgreement;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Frame = TestClient::Frame;
using namespace std::string_literals;

class WsConformanceTest : public NetFixture {
 protected:
  WsConformanceTest() {
    options_.websocket.max_message_bytes = 16 << 20;
    options_.websocket.max_fragments = 100'000;
    options_.outbox_bytes = 64 << 20;
    on_bytes_ = [](Transport& transport, std::string_view bytes) { transport.send(frame(bytes)); };
  }

  static void send_bytewise(TestClient& client, std::string_view bytes) {
    for (const char byte : bytes) client.send({&byte, 1});
  }
  /// What comes back as data, until it is `size` long; the session does not see where messages end.
  static std::string echoed(TestClient& client, std::size_t size) {
    std::string all;
    while (all.size() < size) {
      const auto next = client.read_frame();
      if (!next || (next->opcode != kTextFrame && next->opcode != kBinaryFrame)) break;
      all += next->compressed ? inflated(next->payload) : next->payload;
    }
    return all;
  }
  static void expect_close(TestClient& client, std::uint16_t code) {
    const auto answer = client.read_frame();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->opcode, kCloseFrame);
    EXPECT_THAT(answer->payload, StartsWith(close_payload(code)));
    EXPECT_TRUE(client.at_end());
  }
};

std::string words(std::size_t size) {
  std::string text;
  std::mt19937 random(9);
  while (text.size() < size) text += "grüße " + std::to_string(random() % 5000) + " ";
  // No character is cut.
  text.resize(size - 1);
  while ((static_cast<unsigned char>(text.back()) & 0xc0) == 0xc0) text.back() = '.';
  return text + ".";
}

// 1: framing

TEST_F(WsConformanceTest, Section1EchoesTextAndBinaryOfEverySizeAlsoBytewise) {
  start();
  const auto client = connect();
  for (const std::size_t size : {1u, 125u, 126u, 127u, 128u, 1000u}) {
    for (const unsigned opcode : {kTextFrame, kBinaryFrame}) {
      const std::string payload(size, '*');
      client->send(client_frame(opcode, payload));
      EXPECT_EQ(echoed(*client, size), payload);
      send_bytewise(*client, client_frame(opcode, payload));
      EXPECT_EQ(echoed(*client, size), payload);
    }
  }
}

// 2: pings and pongs

TEST_F(WsConformanceTest, Section2AnswersEveryPingWithItsPayloadInOrder) {
  start();
  const auto client = connect();
  std::string pings;
  std::vector<std::string> payloads{"", "Hello", "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"s,
                                    std::string(125, '\xfe')};
  for (int i = 0; i < 10; ++i) payloads.push_back("payload-" + std::to_string(i));
  for (const std::string& payload : payloads) pings += client_frame(kPingFrame, payload);
  client->send(pings);
  for (const std::string& payload : payloads) {
    EXPECT_EQ(client->read_frame(), (Frame{kPongFrame, payload}));
  }
  send_bytewise(*client, pings);
  for (const std::string& payload : payloads) {
    EXPECT_EQ(client->read_frame(), (Frame{kPongFrame, payload}));
  }
}

TEST_F(WsConformanceTest, Section2TakesPongsThatNobodyAskedFor) {
  start();
  const auto client = connect();
  client->send(client_frame(kPongFrame, "") + client_frame(kPongFrame, "unasked") +
               client_frame(kPingFrame, "ask"));
  EXPECT_EQ(client->read_frame(), (Frame{kPongFrame, "ask"}));
}

TEST_F(WsConformanceTest, Section2RefusesAPingOf126Bytes) {
  start();
  const auto client = connect();
  client->send(client_frame(kPingFrame, std::string(126, 'p')));
  expect_close(*client, 1002);
}

// 3 and 4: reserved bits and opcodes

TEST_F(WsConformanceTest, Sections3And4EchoWhatCameBeforeAndAnswerNothingBehind) {
  start();
  for (const std::string& violation :
       {client_frame(kTextFrame, "x", {.reserved = 0x10}),
        client_frame(kBinaryFrame, "x", {.reserved = 0x20}),
        client_frame(kTextFrame, "x", {.reserved = 0x40}),
        client_frame(kPingFrame, "", {.reserved = 0x70}), client_frame(3, ""), client_frame(7, "x"),
        client_frame(11, ""), client_frame(15, "x")}) {
    for (const bool bytewise : {false, true}) {
      const auto client = connect();
      client->send(client_frame(kTextFrame, "before"));
      EXPECT_EQ(echoed(*client, 6), "before");
      if (bytewise) {
        send_bytewise(*client, violation);
      } else {
        client->send(violation + client_frame(kPingFrame, "behind"));
      }
      expect_close(*client, 1002);
    }
  }
}

// 5: fragmentation

TEST_F(WsConformanceTest, Section5JoinsFragmentsAroundPings) {
  start();
  const auto client = connect();
  const std::string stream =
      client_frame(kTextFrame, "fragment1", not_fin()) + client_frame(kPingFrame, "1") +
      client_frame(kContinuationFrame, "fragment2", not_fin()) +
      client_frame(kContinuationFrame, "", not_fin()) + client_frame(kPingFrame, "2") +
      client_frame(kContinuationFrame, "fragment3");
  client->send(stream);
  EXPECT_EQ(client->read_frame(), (Frame{kTextFrame, "fragment1"}));
  EXPECT_EQ(client->read_frame(), (Frame{kPongFrame, "1"}));
  EXPECT_EQ(client->read_frame(), (Frame{kTextFrame, "fragment2"}));
  EXPECT_EQ(client->read_frame(), (Frame{kPongFrame, "2"}));
  EXPECT_EQ(client->read_frame(), (Frame{kTextFrame, "fragment3"}));
}

// 6: UTF-8, refused at the first byte that cannot be right

TEST_F(WsConformanceTest, Section6FailsFastInsideAFrameThatIsNotWhole) {
  start();
  const auto client = connect();
  const std::string whole = client_frame(kTextFrame, "κόσμε\xed\xa0\x80" + std::string(1000, 'e'));
  client->send(std::string_view(whole).substr(0, whole.size() - 1000));
  const auto answer = client->read_frame();
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(answer->payload, StartsWith(close_payload(1007)));
}

// 7: closing

TEST_F(WsConformanceTest, Section7AnswersACloseOnceAndNothingBehindIt) {
  start();
  for (const std::string& behind :
       {client_frame(kCloseFrame, close_payload(1000)), client_frame(kPingFrame, "still there?"),
        client_frame(kTextFrame, "still there?"), client_frame(kContinuationFrame, "the rest")}) {
    const auto client = connect();
    client->send(client_frame(kTextFrame, "begin", not_fin()));
    EXPECT_EQ(echoed(*client, 5), "begin");
    client->send(client_frame(kCloseFrame, close_payload(1000)) + behind);
    expect_close(*client, 1000);
  }
}

TEST_F(WsConformanceTest, Section7AnswersCodesThatMayBeSentAndRefusesTheOthers) {
  start();
  for (const int code :
       {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999}) {
    const auto client = connect();
    client->send(client_frame(kCloseFrame, close_payload(static_cast<std::uint16_t>(code), "why")));
    expect_close(*client, static_cast<std::uint16_t>(code));
  }
  for (const int code : {0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535}) {
    const auto client = connect();
    client->send(client_frame(kCloseFrame, close_payload(static_cast<std::uint16_t>(code))));
    expect_close(*client, 1002);
  }
  const auto empty = connect();
  empty->send(client_frame(kCloseFrame, ""));
  EXPECT_EQ(empty->read_frame(), (Frame{kCloseFrame, ""}));
}

// 9 and 10: large messages, in large and small fragments and writes

TEST_F(WsConformanceTest, Section9EchoesMegabytesInFragmentsOfAnySize) {
  start();
  const auto client = connect();
  const std::string payload = words(1 << 20);
  for (const std::size_t fragment : {256u, 1300u, 65'536u, 1u << 20U}) {
    std::string stream;
    for (std::size_t at = 0; at < payload.size(); at += fragment) {
      const bool fin = at + fragment >= payload.size();
      stream += client_frame(at == 0 ? kTextFrame : kContinuationFrame,
                             std::string_view(payload).substr(at, fragment), {.fin = fin});
    }
    client->send(stream);
    EXPECT_EQ(echoed(*client, payload.size()), payload);
  }
}

TEST_F(WsConformanceTest, Section9TakesTheLargestMessageInSmallWrites) {
  // Counted, not echoed: who writes all before he reads would be a slow consumer.
  const auto got = std::make_shared<std::size_t>(0);
  const std::size_t size = options_.websocket.max_message_bytes;
  on_bytes_ = [got, size](Transport& transport, std::string_view bytes) {
    *got += bytes.size();
    if (*got == size) transport.send(frame("all"));
  };
  start();
  const auto client = connect();
  const std::string stream = client_frame(kBinaryFrame, std::string(size, '\xfe'));
  for (std::size_t at = 0; at < stream.size(); at += 2048) {
    client->send(std::string_view(stream).substr(at, 2048));
  }
  EXPECT_EQ(client->read_frame(), (Frame{kTextFrame, "all"}));
  client->send(client_frame(kBinaryFrame, std::string(size + 1, 'x')).substr(0, 100));
  expect_close(*client, 1009);
}

// 12 and 13: compression, with every window

TEST_F(WsConformanceTest, Sections12And13EchoCompressedMessagesOfEverySizeAndWindow) {
  start();
  for (const int window : {8, 9, 12, 15}) {
    deflate_ = WsDeflateAgreement{.server_window_bits = window};
    const auto client = connect();
    for (const std::size_t size : {16u, 256u, 1024u, 32'768u, 131'072u}) {
      const std::string payload = words(size);
      const std::string compressed = deflated(payload, std::max(window, 9));
      client->send(client_frame(kTextFrame, compressed, {.reserved = 0x40}));
      EXPECT_EQ(echoed(*client, size), payload);
      const std::size_t half = compressed.size() / 2;
      client->send(
          client_frame(kTextFrame, compressed.substr(0, half), {.fin = false, .reserved = 0x40}) +
          client_frame(kContinuationFrame, compressed.substr(half)));
      EXPECT_EQ(echoed(*client, size), payload);
    }
  }
}

}  // namespace
}  // namespace stampede::test
