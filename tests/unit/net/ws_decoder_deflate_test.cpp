// RFC 7692 sections 6 and 7.2: compressed messages of clients.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/unit/net/client_frame.h"
#include "tests/unit/net/deflate.h"
#include "tests/unit/net/transcript.h"

namespace stampede::test {
namespace {

using gateway::CloseReason;
using gateway::InflaterPool;
using gateway::WsDecoder;
using gateway::WsEvent;
using gateway::WsLimits;
using Kind = WsEvent::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::string_literals;

FrameBits compressed(bool fin = true) { return {.fin = fin, .reserved = 0x40}; }

std::string compressed_text(std::string_view plain) {
  return client_frame(kTextFrame, deflated(plain), compressed());
}

class WsDecoderDeflateTest : public ::testing::Test {
 protected:
  Transcript transcript(WsLimits limits = {}) { return Transcript(limits, &inflaters_); }
  std::vector<std::string> read(const std::string& bytes) { return transcript().feed(bytes).lines; }
  std::string error(const std::string& bytes, CloseReason reason) {
    Transcript heard = transcript();
    heard.feed(bytes);
    EXPECT_EQ(heard.reason, reason);
    return heard.lines.empty() ? "" : heard.lines.back();
  }

  InflaterPool inflaters_;
};

// Section 7.2.3: the RFC's own examples

TEST_F(WsDecoderDeflateTest, ReadsHelloInOneBlock) {
  const std::string payload = "\xf2\x48\xcd\xc9\xc9\x07\x00"s;
  EXPECT_THAT(read(client_frame(kTextFrame, payload, compressed())), ElementsAre("message(Hello)"));
}

TEST_F(WsDecoderDeflateTest, ReadsHelloInTwoFragments) {
  EXPECT_THAT(read(client_frame(kTextFrame, "\xf2\x48\xcd"s, compressed(false)) +
                   client_frame(kContinuationFrame, "\xc9\xc9\x07\x00"s)),
              ElementsAre("message(Hello)"));
}

TEST_F(WsDecoderDeflateTest, ReadsABlockWithoutCompression) {
  const std::string payload = "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"s;
  EXPECT_THAT(read(client_frame(kTextFrame, payload, compressed())), ElementsAre("message(Hello)"));
}

TEST_F(WsDecoderDeflateTest, ReadsALastBlockAndWhatComesBehindIt) {
  const std::string last = "\xf3\x48\xcd\xc9\xc9\x07\x00"s;
  EXPECT_THAT(read(client_frame(kTextFrame, last + "\x00"s, compressed())),
              ElementsAre("message(Hello)"));
  // Some leave the padding off, and some go on.
  EXPECT_THAT(read(client_frame(kTextFrame, last, compressed())), ElementsAre("message(Hello)"));
  EXPECT_THAT(read(client_frame(kTextFrame, last + last + "\x00"s, compressed())),
              ElementsAre("message(HelloHello)"));
}

TEST_F(WsDecoderDeflateTest, ReadsTwoBlocksInOneMessage) {
  const std::string payload = "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s;
  EXPECT_THAT(read(client_frame(kTextFrame, payload, compressed())), ElementsAre("message(Hello)"));
}

TEST_F(WsDecoderDeflateTest, ReadsEmptyMessages) {
  EXPECT_THAT(read(client_frame(kTextFrame, "\x00"s, compressed())), ElementsAre("message()"));
  EXPECT_THAT(read(client_frame(kBinaryFrame, "", compressed())), ElementsAre("message()"));
  EXPECT_THAT(read(client_frame(kTextFrame, "", compressed(false)) +
                   client_frame(kContinuationFrame, deflated("late")) + compressed_text("next")),
              ElementsAre("message(late)", "message(next)"));
}

// Section 7.2.2: any size, level, window and fragmentation

TEST_F(WsDecoderDeflateTest, ReadsEverySizeAndLevel) {
  std::mt19937 random(7);
  for (const std::size_t size : {1u, 16u, 64u, 256u, 1024u, 4096u, 8192u, 16383u, 16384u, 16385u,
                                 32768u, 65536u, 131072u, 500'000u}) {
    std::string plain;
    while (plain.size() < size) plain += std::to_string(random() % 1000) + " words ";
    plain.resize(size);
    for (const int level : {0, 1, 6, 9}) {
      EXPECT_EQ(read(client_frame(kTextFrame, deflated(plain, 15, level), compressed())),
                std::vector<std::string>{"message(" + plain + ")"});
    }
  }
}

TEST_F(WsDecoderDeflateTest, ReadsEveryWindowThatAClientMayUse) {
  // What repeats is 20 KiB apart, and nearer.
  std::string plain(20'000, '\0');
  std::mt19937 random(11);
  for (char& c : plain) c = static_cast<char>('a' + random() % 26);
  plain += plain;
  for (int i = 0; plain.size() < 100'000; ++i) plain += std::to_string(i % 700) + ",";
  for (int bits = 9; bits <= 15; ++bits) {
    EXPECT_EQ(read(client_frame(kTextFrame, deflated(plain, bits), compressed())),
              std::vector<std::string>{"message(" + plain + ")"});
  }
}

TEST_F(WsDecoderDeflateTest, ForgetsEachMessageBeforeTheNext) {
  // The second of section 7.2.3.2: "Hello" again, as a reference into the message before.
  EXPECT_THAT(read(compressed_text("Hello") + compressed_text("Hello")),
              ElementsAre("message(Hello)", "message(Hello)"));
  EXPECT_THAT(error(compressed_text("Hello") +
                        client_frame(kTextFrame, "\xf2\x00\x11\x00\x00"s, compressed()),
                    CloseReason::kBadCompression),
              HasSubstr("not DEFLATE"));
}

TEST_F(WsDecoderDeflateTest, TakesControlFramesBetweenFragments) {
  const std::string payload = deflated("ping me in between");
  EXPECT_THAT(read(client_frame(kTextFrame, payload.substr(0, 5), compressed(false)) +
                   client_frame(kPingFrame, "!") +
                   client_frame(kContinuationFrame, payload.substr(5, 3), not_fin()) +
                   client_frame(kContinuationFrame, "", not_fin()) +
                   client_frame(kContinuationFrame, payload.substr(8), not_fin()) +
                   client_frame(kContinuationFrame, "")),
              ElementsAre("ping(!)", "message(ping me in between)"));
}

TEST_F(WsDecoderDeflateTest, MessagesMayBeCompressedOrNot) {
  EXPECT_THAT(
      read(compressed_text("a") + client_frame(kTextFrame, "b") + compressed_text("c") +
           client_frame(kBinaryFrame, "d", not_fin()) + client_frame(kContinuationFrame, "e")),
      ElementsAre("message(a)", "message(b)", "message(c)", "message(de)"));
}

// Section 6: where RSV1 may stand

TEST_F(WsDecoderDeflateTest, RefusesRsv1OnContinuationsAndControlFrames) {
  const std::string payload = deflated("Hello");
  EXPECT_EQ(error(client_frame(kTextFrame, payload.substr(0, 3), compressed(false)) +
                      client_frame(kContinuationFrame, payload.substr(3), compressed()),
                  CloseReason::kProtocolError),
            "error: only a message's first frame says that it is compressed");
  EXPECT_EQ(error(client_frame(kTextFrame, "a", not_fin()) +
                      client_frame(kContinuationFrame, payload, compressed()),
                  CloseReason::kProtocolError),
            "error: only a message's first frame says that it is compressed");
  for (const unsigned opcode : {kPingFrame, kPongFrame, kCloseFrame}) {
    EXPECT_EQ(error(client_frame(opcode, "", compressed()), CloseReason::kProtocolError),
              "error: a control frame must not be compressed");
  }
}

TEST_F(WsDecoderDeflateTest, RefusesTheOtherReservedBits) {
  for (const std::uint8_t bits : std::array<std::uint8_t, 4>{0x20, 0x10, 0x60, 0x70}) {
    EXPECT_EQ(error(client_frame(kTextFrame, deflated("a"), {.reserved = bits}),
                    CloseReason::kProtocolError),
              "error: of the reserved bits only RSV1 was agreed on");
  }
}

// What is inflated is a message like any other

TEST_F(WsDecoderDeflateTest, ChecksTextAfterInflating) {
  for (const std::string& bad : {"\xff"s, "ok \xed\xa0\x80"s, "cut \xc3"s}) {
    EXPECT_EQ(error(compressed_text(bad), CloseReason::kBadText),
              "error: a text message must be UTF-8");
    EXPECT_THAT(read(client_frame(kBinaryFrame, deflated(bad), compressed())),
                ElementsAre("message(" + bad + ")"));
  }
  EXPECT_THAT(read(compressed_text("grüße 🎉")), ElementsAre("message(grüße 🎉)"));
}

TEST_F(WsDecoderDeflateTest, RefusesWhatIsNotDeflate) {
  for (const std::string& bad : {"\x07"s, "\xff\xff\xff"s, "\x00\x05\x00\x00\x00Hello"s}) {
    EXPECT_EQ(error(client_frame(kTextFrame, bad, compressed()), CloseReason::kBadCompression),
              "error: a compressed message is not DEFLATE");
  }
}

TEST_F(WsDecoderDeflateTest, RefusesAMessageThatEndsInsideABlock) {
  const std::string payload = deflated("a message that is long enough to be cut anywhere");
  for (std::size_t size = 1; size + 1 < payload.size(); ++size) {
    error(client_frame(kTextFrame, payload.substr(0, size), compressed()),
          CloseReason::kBadCompression);
  }
}

TEST_F(WsDecoderDeflateTest, GivesTheInflaterBackAfterEveryEnd) {
  // A pool of inflaters that never came back, or came back with something in them, would show.
  for (int i = 0; i < 20; ++i) {
    error(client_frame(kTextFrame, "\x07"s, compressed()), CloseReason::kBadCompression);
    read(client_frame(kTextFrame, deflated("left in the middle").substr(0, 6), compressed(false)));
    read(client_frame(kTextFrame, deflated("closed").substr(0, 3), compressed(false)) +
         client_frame(kCloseFrame, ""));
    EXPECT_THAT(read(compressed_text("good")), ElementsAre("message(good)"));
  }
}

// Limits

TEST_F(WsDecoderDeflateTest, InflatesUpToTheLimitAndNotAByteFurther) {
  for (const std::size_t limit : {100u, 16'383u, 16'384u, 16'385u, 100'000u}) {
    const WsLimits limits{.max_message_bytes = limit};
    Transcript fits = transcript(limits);
    fits.feed(compressed_text(std::string(limit, 'z')));
    EXPECT_EQ(fits.lines, std::vector<std::string>{"message(" + std::string(limit, 'z') + ")"});
    Transcript beyond = transcript(limits);
    beyond.feed(compressed_text(std::string(limit + 1, 'z')));
    EXPECT_THAT(beyond.lines, ElementsAre("error: a WebSocket message may have " +
                                          std::to_string(limit) + " bytes when it is inflated"));
    EXPECT_EQ(beyond.reason, CloseReason::kMessageTooBig);
  }
}

TEST_F(WsDecoderDeflateTest, StopsABombAtTheLimit) {
  const std::string bomb = compressed_text(std::string(100UL << 20U, '\0'));
  ASSERT_LT(bomb.size(), 200'000u);
  WsDecoder decoder({.max_message_bytes = 1 << 20}, &inflaters_);
  std::string bytes = bomb;
  decoder.feed(bytes);
  std::size_t given = 0;
  WsEvent event = decoder.next();
  for (; event.kind == Kind::kData; event = decoder.next()) {
    EXPECT_LE(event.bytes.size(), 16u * 1024);
    given += event.bytes.size();
  }
  EXPECT_EQ(event.reason, CloseReason::kMessageTooBig);
  EXPECT_EQ(given, 1u << 20U);
}

TEST_F(WsDecoderDeflateTest, CountsEachMessageAnew) {
  Transcript heard = transcript({.max_message_bytes = 50});
  for (int i = 0; i < 10; ++i) heard.feed(compressed_text(std::string(50, 'x')));
  EXPECT_EQ(heard.lines.size(), 10u);
  EXPECT_EQ(heard.reason, CloseReason{});
}

// Whatever the pieces

TEST_F(WsDecoderDeflateTest, EveryCutInTwoGivesTheSame) {
  const std::string payload = deflated("wörld 🎉 " + std::string(300, 'x') + " end");
  const std::string good = client_frame(kTextFrame, payload.substr(0, 7), compressed(false)) +
                           client_frame(kPingFrame, "ping") +
                           client_frame(kContinuationFrame, payload.substr(7)) +
                           compressed_text("") + client_frame(kTextFrame, "plain");
  for (const std::string& stream :
       {good + client_frame(kCloseFrame, close_payload(1000, "bye")),
        good + client_frame(kTextFrame, payload.substr(0, 12), compressed()),
        good + compressed_text("not UTF-8 \xff"),
        good + client_frame(kPingFrame, "", compressed())}) {
    const std::vector<std::string> whole = read(stream);
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      Transcript heard = transcript();
      heard.feed(stream.substr(0, cut)).feed(stream.substr(cut));
      EXPECT_EQ(heard.lines, whole) << "cut at " << cut;
    }
  }
}

TEST_F(WsDecoderDeflateTest, GoesOnFromWhatItLeftUnread) {
  // As a connection does when its session pauses after each piece: what is unread moves elsewhere.
  std::string plain;
  for (int i = 0; plain.size() < 200'000; ++i) plain += std::to_string(i * 7919) + " ";
  const std::string stream = compressed_text(plain) + client_frame(kTextFrame, "next");
  WsDecoder decoder({}, &inflaters_);
  std::string bytes = stream;
  std::string heard;
  int messages = 0;
  while (!bytes.empty() || decoder.holds_output()) {
    decoder.feed(bytes);
    const WsEvent event = decoder.next();
    ASSERT_NE(event.kind, Kind::kError) << event.bytes;
    if (event.kind == Kind::kData) heard += event.bytes;
    if (event.kind == Kind::kMessageEnd) ++messages;
    bytes = std::string(decoder.unread().begin(), decoder.unread().end());
  }
  EXPECT_EQ(heard, plain + "next");
  EXPECT_EQ(messages, 1);  // the last one's end is not looked at any more
}

}  // namespace
}  // namespace stampede::test
