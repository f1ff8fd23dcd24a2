// RFC 6455 sections 5 to 8, in the groups of the well-known conformance suites: framing, control
// frames, reserved bits, opcodes, fragmentation, UTF-8, closing, limits.
#include "gateway/net/ws_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "gateway/net/ws_control.h"
#include "tests/unit/net/client_frame.h"
#include "tests/unit/net/transcript.h"

namespace stampede::test {
namespace {

using gateway::CloseReason;
using gateway::kNoCloseCode;
using gateway::WsDecoder;
using Kind = gateway::WsEvent::Kind;
using ::testing::ElementsAre;

std::vector<std::string> read(const std::string& bytes) { return Transcript().feed(bytes).lines; }

std::vector<std::string> protocol_error(const std::string& bytes) {
  Transcript transcript;
  transcript.feed(bytes);
  EXPECT_EQ(transcript.reason, CloseReason::kProtocolError);
  return transcript.lines;
}

// Framing: section 5.2

TEST(WsDecoderTest, ReadsTheMaskedHelloOfTheRfc) {
  using namespace std::string_literals;
  EXPECT_THAT(read("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s), ElementsAre("message(Hello)"));
}

TEST(WsDecoderTest, ReadsEverySizeOfLength) {
  for (const std::size_t size :
       {0u, 1u, 7u, 8u, 9u, 125u, 126u, 127u, 128u, 65535u, 65536u, 100000u}) {
    const std::string payload(size, '*');
    EXPECT_EQ(read(client_frame(kTextFrame, payload)),
              std::vector<std::string>{"message(" + payload + ")"});
    EXPECT_EQ(read(client_frame(kBinaryFrame, payload)),
              std::vector<std::string>{"message(" + payload + ")"});
  }
}

TEST(WsDecoderTest, UnmasksWithAnyMask) {
  std::mt19937 random(3);
  for (int i = 0; i < 100; ++i) {
    FrameBits bits;
    for (auto& byte : bits.mask) byte = static_cast<std::uint8_t>(random());
    const std::string payload(random() % 50, 'x');
    EXPECT_THAT(read(client_frame(kBinaryFrame, payload, bits)),
                ElementsAre("message(" + payload + ")"));
  }
}

TEST(WsDecoderTest, RefusesFramesWithoutMask) {
  EXPECT_THAT(protocol_error(client_frame(kTextFrame, "a", {.masked = false})),
              ElementsAre("error: frames of a client must be masked"));
}

TEST(WsDecoderTest, RefusesLengthsThatAreLongerThanNeeded) {
  const std::vector<std::string> error{"error: a length must be written in the shortest form"};
  EXPECT_EQ(protocol_error(client_frame(kTextFrame, "a", {.length_bytes = 2})), error);
  EXPECT_EQ(protocol_error(client_frame(kTextFrame, std::string(125, 'a'), {.length_bytes = 2})),
            error);
  EXPECT_EQ(protocol_error(client_frame(kTextFrame, std::string(126, 'a'), {.length_bytes = 8})),
            error);
  EXPECT_EQ(protocol_error(client_frame(kTextFrame, std::string(65535, 'a'), {.length_bytes = 8})),
            error);
}

TEST(WsDecoderTest, RefusesALengthWithTheHighestBit) {
  using namespace std::string_literals;
  EXPECT_THAT(protocol_error("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00mask"s),
              ElementsAre("error: a length is below 2^63"));
}

TEST(WsDecoderTest, RefusesEveryReservedBit) {
  for (const std::uint8_t bit : std::array<std::uint8_t, 4>{0x40, 0x20, 0x10, 0x70}) {
    for (const unsigned opcode : {kTextFrame, kBinaryFrame, kPingFrame, kCloseFrame}) {
      EXPECT_THAT(protocol_error(client_frame(opcode, "a", {.reserved = bit})),
                  ElementsAre("error: a reserved bit is set, but no extension was agreed on"));
    }
  }
}

TEST(WsDecoderTest, RefusesReservedOpcodes) {
  for (unsigned opcode = 3; opcode < 8; ++opcode) {
    EXPECT_THAT(protocol_error(client_frame(opcode, "")),
                ElementsAre("error: unknown data opcode"));
  }
  for (unsigned opcode = 11; opcode < 16; ++opcode) {
    EXPECT_THAT(protocol_error(client_frame(opcode, "")),
                ElementsAre("error: unknown control opcode"));
  }
}

TEST(WsDecoderTest, JudgesTheFirstTwoBytesAtOnce) {
  EXPECT_THAT(protocol_error("GE"),
              ElementsAre("error: a reserved bit is set, but no extension was agreed on"));
}

// Control frames: section 5.5

TEST(WsDecoderTest, GivesPingsAndPongsWithTheirPayload) {
  EXPECT_THAT(read(client_frame(kPingFrame, "") + client_frame(kPingFrame, std::string(125, 'p')) +
                   client_frame(kPongFrame, "unasked")),
              ElementsAre("ping()", "ping(" + std::string(125, 'p') + ")", "pong(unasked)"));
}

TEST(WsDecoderTest, RefusesControlFramesThatAreTooLong) {
  for (const unsigned opcode : {kPingFrame, kPongFrame, kCloseFrame}) {
    EXPECT_THAT(protocol_error(client_frame(opcode, std::string(126, 'p'))),
                ElementsAre("error: a control frame has at most 125 bytes"));
  }
}

TEST(WsDecoderTest, RefusesFragmentedControlFrames) {
  for (const unsigned opcode : {kPingFrame, kPongFrame, kCloseFrame}) {
    EXPECT_THAT(protocol_error(client_frame(opcode, "", not_fin())),
                ElementsAre("error: a control frame must not be fragmented"));
  }
}

// Fragmentation: section 5.4

TEST(WsDecoderTest, JoinsFragments) {
  EXPECT_THAT(read(client_frame(kTextFrame, "frag", not_fin()) +
                   client_frame(kContinuationFrame, "", not_fin()) +
                   client_frame(kContinuationFrame, "ment") + client_frame(kBinaryFrame, "next")),
              ElementsAre("message(fragment)", "message(next)"));
}

TEST(WsDecoderTest, JoinsEmptyFragments) {
  EXPECT_THAT(
      read(client_frame(kTextFrame, "", not_fin()) +
           client_frame(kContinuationFrame, "", not_fin()) + client_frame(kContinuationFrame, "")),
      ElementsAre("message()"));
}

TEST(WsDecoderTest, TakesControlFramesBetweenFragments) {
  EXPECT_THAT(read(client_frame(kTextFrame, "a", not_fin()) + client_frame(kPingFrame, "1") +
                   client_frame(kContinuationFrame, "b", not_fin()) +
                   client_frame(kPongFrame, "2") + client_frame(kContinuationFrame, "c")),
              ElementsAre("ping(1)", "pong(2)", "message(abc)"));
}

TEST(WsDecoderTest, RefusesAContinuationOfNothing) {
  EXPECT_THAT(protocol_error(client_frame(kContinuationFrame, "a")),
              ElementsAre("error: a continuation without a message"));
  EXPECT_THAT(protocol_error(client_frame(kTextFrame, "a") + client_frame(kContinuationFrame, "b")),
              ElementsAre("message(a)", "error: a continuation without a message"));
}

TEST(WsDecoderTest, RefusesAMessageInsideAnother) {
  for (const unsigned opcode : {kTextFrame, kBinaryFrame}) {
    EXPECT_THAT(
        protocol_error(client_frame(kTextFrame, "a", not_fin()) + client_frame(opcode, "b")),
        ElementsAre("error: a message begins inside another one"));
  }
}

// UTF-8: sections 5.6 and 8.1

CloseReason reason_of_text(std::string_view payload) {
  Transcript transcript;
  transcript.reason = CloseReason::kClientLeft;
  transcript.feed(client_frame(kTextFrame, payload));
  return transcript.reason;
}

TEST(WsDecoderTest, TakesValidUtf8AndRefusesTheRest) {
  using namespace std::string_literals;
  for (const std::string& good :
       {"grüße"s, "κόσμε"s, "🎉"s, "\0"s, "\x7f"s, "\xc2\x80"s, "\xdf\xbf"s, "\xe0\xa0\x80"s,
        "\xed\x9f\xbf"s, "\xee\x80\x80"s, "\xef\xbf\xbf"s, "\xf0\x90\x80\x80"s, "\xf4\x8f\xbf\xbf"s,
        "12345678ü12345678"s}) {
    EXPECT_EQ(reason_of_text(good), CloseReason::kClientLeft) << good;
  }
  for (const std::string& bad : {"\x80"s,
                                 "\xbf"s,
                                 "\xc0\x80"s,
                                 "\xc1\xbf"s,
                                 "\xe0\x80\x80"s,
                                 "\xe0\x9f\xbf"s,
                                 "\xed\xa0\x80"s,
                                 "\xed\xbf\xbf"s,
                                 "\xf0\x80\x80\x80"s,
                                 "\xf0\x8f\xbf\xbf"s,
                                 "\xf4\x90\x80\x80"s,
                                 "\xf5\x80\x80\x80"s,
                                 "\xf8\x88\x80\x80\x80"s,
                                 "\xfe"s,
                                 "\xff"s,
                                 "\xce"s,
                                 "\xe2\x82"s,
                                 "\xf0\x9f\x8e"s,
                                 "\xce\x61"s,
                                 "12345678\xff"s}) {
    EXPECT_EQ(reason_of_text(bad), CloseReason::kBadText) << bad;
    EXPECT_THAT(read(client_frame(kBinaryFrame, bad)), ElementsAre("message(" + bad + ")"));
  }
}

TEST(WsDecoderTest, FollowsACharacterOverFragments) {
  EXPECT_THAT(read(client_frame(kTextFrame, "\xf0\x9f", not_fin()) + client_frame(kPingFrame, "") +
                   client_frame(kContinuationFrame, "\x8e", not_fin()) +
                   client_frame(kContinuationFrame, "\x89")),
              ElementsAre("ping()", "message(🎉)"));
}

TEST(WsDecoderTest, RefusesBadTextBeforeTheMessageIsWhole) {
  Transcript transcript;
  transcript.feed(client_frame(kTextFrame, "\xed\xa0", not_fin()));
  EXPECT_THAT(transcript.lines, ElementsAre("error: a text message must be UTF-8"));
  Transcript piece;
  piece.feed(client_frame(kTextFrame, std::string("ok\xff") + std::string(100, 'x')).substr(0, 9));
  EXPECT_EQ(piece.reason, CloseReason::kBadText);
}

TEST(WsDecoderTest, BinaryAfterUnfinishedTextStartsAfresh) {
  EXPECT_THAT(read(client_frame(kBinaryFrame, "\xc3") + client_frame(kTextFrame, "a")),
              ElementsAre("message(\xc3)", "message(a)"));
}

// Closing: sections 5.5.1 and 7.4

TEST(WsDecoderTest, GivesTheCloseCodeAndReason) {
  EXPECT_THAT(read(client_frame(kCloseFrame, "")),
              ElementsAre("close(" + std::to_string(kNoCloseCode) + ")"));
  EXPECT_THAT(read(client_frame(kCloseFrame, close_payload(1000))), ElementsAre("close(1000)"));
  EXPECT_THAT(read(client_frame(kCloseFrame, close_payload(4999, " bye ü"))),
              ElementsAre("close(4999 bye ü)"));
  const std::string longest(123, 'r');
  EXPECT_THAT(read(client_frame(kCloseFrame, close_payload(1001, longest))),
              ElementsAre("close(1001" + longest + ")"));
}

TEST(WsDecoderTest, KnowsWhichCodesMayBeSent) {
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
                         3000, 3999, 4000, 4999}) {
    EXPECT_THAT(read(client_frame(kCloseFrame, close_payload(static_cast<std::uint16_t>(code)))),
                ElementsAre("close(" + std::to_string(code) + ")"));
  }
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    EXPECT_THAT(
        protocol_error(client_frame(kCloseFrame, close_payload(static_cast<std::uint16_t>(code)))),
        ElementsAre("error: close code " + std::to_string(code) + " may not be sent"));
  }
}

TEST(WsDecoderTest, RefusesACloseOfOneByteAndAReasonThatIsNotUtf8) {
  EXPECT_THAT(protocol_error(client_frame(kCloseFrame, "\x03")),
              ElementsAre("error: a close frame is empty or has a code of two bytes"));
  Transcript transcript;
  transcript.feed(client_frame(kCloseFrame, close_payload(1000, "\xff")));
  EXPECT_EQ(transcript.reason, CloseReason::kBadText);
}

TEST(WsDecoderTest, HearsNothingAfterACloseOrAnError) {
  EXPECT_THAT(read(client_frame(kCloseFrame, close_payload(1000)) + client_frame(kTextFrame, "a")),
              ElementsAre("close(1000)"));
  Transcript transcript;
  transcript.feed(client_frame(3, "")).feed(client_frame(kTextFrame, "a"));
  EXPECT_EQ(transcript.lines.size(), 1u);
}

// Limits

TEST(WsDecoderTest, RefusesAMessageOverItsLimitByItsHeaderAlone) {
  Transcript transcript({.max_message_bytes = 1000});
  transcript.feed(client_frame(kTextFrame, std::string(1000, 'a')));
  transcript.feed(client_frame(kTextFrame, std::string(1001, 'a')).substr(0, 8));
  EXPECT_EQ(transcript.lines.back(), "error: a WebSocket message may have 1000 bytes");
  EXPECT_EQ(transcript.reason, CloseReason::kMessageTooBig);
}

TEST(WsDecoderTest, CountsAllFragmentsOfAMessageTogether) {
  Transcript transcript({.max_message_bytes = 10});
  transcript.feed(client_frame(kTextFrame, "12345", not_fin()) +
                  client_frame(kContinuationFrame, "67890", not_fin()) +
                  client_frame(kContinuationFrame, "!"));
  EXPECT_EQ(transcript.reason, CloseReason::kMessageTooBig);
}

TEST(WsDecoderTest, RefusesEndlessFragments) {
  Transcript transcript({.max_fragments = 3});
  transcript.feed(client_frame(kTextFrame, "", not_fin()));
  for (int i = 0; i < 3; ++i) transcript.feed(client_frame(kContinuationFrame, "", not_fin()));
  EXPECT_THAT(transcript.lines, ElementsAre("error: a WebSocket message may have 3 fragments"));
  EXPECT_EQ(transcript.reason, CloseReason::kMessageTooBig);
}

TEST(WsDecoderTest, RefusesAFrameOverItsLimitByItsHeaderAlone) {
  Transcript transcript({.max_frame_bytes = 500});
  transcript.feed(client_frame(kTextFrame, std::string(500, 'a'), not_fin()));
  transcript.feed(client_frame(kContinuationFrame, std::string(501, 'a')).substr(0, 8));
  EXPECT_EQ(transcript.lines.back(),
            "error: a WebSocket frame may have 500 bytes, this one has 501");
  EXPECT_EQ(transcript.reason, CloseReason::kMessageTooBig);
}

// Whatever the pieces

std::vector<std::string> make_corpus() {
  const std::string mixed = client_frame(kTextFrame, "hällo", not_fin()) +
                            client_frame(kPingFrame, "ping") +
                            client_frame(kContinuationFrame, "wörld 🎉") +
                            client_frame(kBinaryFrame, std::string(300, '\xfe')) +
                            client_frame(kTextFrame, "") + client_frame(kPongFrame, "");
  return {mixed + client_frame(kCloseFrame, close_payload(1000, "bye")),
          mixed + client_frame(kTextFrame, "ok \xff"),
          mixed + client_frame(kTextFrame, "cut \xc3"),
          mixed + client_frame(kTextFrame, "a", {.reserved = 0x40}),
          mixed + client_frame(kBinaryFrame, std::string(70'000, 'x')).substr(0, 900),
          mixed + client_frame(kCloseFrame, close_payload(1005))};
}

const std::vector<std::string>& corpus() {
  static const std::vector<std::string> streams = make_corpus();
  return streams;
}

TEST(WsDecoderTest, EveryCutInTwoGivesTheSame) {
  for (const std::string& stream : corpus()) {
    const std::vector<std::string> whole = read(stream);
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      Transcript transcript;
      transcript.feed(stream.substr(0, cut)).feed(stream.substr(cut));
      ASSERT_EQ(transcript.lines, whole) << cut;
    }
  }
}

TEST(WsDecoderTest, ByteByByteGivesTheSame) {
  for (const std::string& stream : corpus()) {
    Transcript transcript;
    for (const char byte : stream) transcript.feed(std::string(1, byte));
    EXPECT_EQ(transcript.lines, read(stream));
  }
}

TEST(WsDecoderTest, CanBeLeftBetweenEventsAndTakenUpAgain) {
  for (const std::string& stream : corpus()) {
    WsDecoder decoder({});
    std::string rest = stream;
    std::size_t events = 0;
    while (true) {
      decoder.feed(rest);
      if (decoder.next().kind == Kind::kNeedMore) break;
      ++events;
      rest = std::string(decoder.unread().begin(), decoder.unread().end());
    }
    WsDecoder straight({});
    std::string copy = stream;
    straight.feed(copy);
    std::size_t expected = 0;
    while (straight.next().kind != Kind::kNeedMore) ++expected;
    EXPECT_EQ(events, expected);
  }
}

TEST(WsDecoderTest, SurvivesArbitraryBytes) {
  std::mt19937 random(12);
  for (int round = 0; round < 10'000; ++round) {
    std::string stream = corpus()[random() % corpus().size()];
    for (int i = 0; i < 3; ++i) stream[random() % stream.size()] = static_cast<char>(random());
    const std::size_t cut = random() % (stream.size() + 1);
    Transcript transcript;
    transcript.feed(stream.substr(0, cut)).feed(stream.substr(cut));
    ASSERT_EQ(transcript.lines, read(stream));
  }
}

// What we send: section 5.5

TEST(WsControlTest, WritesCloseAndPongFrames) {
  using namespace std::string_literals;
  EXPECT_EQ(gateway::ws_close_frame(1000, "bye"), "\x88\x05\x03\xe8"s + "bye");
  EXPECT_EQ(gateway::ws_close_frame(kNoCloseCode, "ignored"), "\x88\x00"s);
  EXPECT_EQ(gateway::ws_pong_frame("x"), "\x8a\x01x");
}

TEST(WsControlTest, CutsAReasonThatIsTooLongBetweenCharacters) {
  const std::string frame = gateway::ws_close_frame(1000, std::string(122, 'a') + "ü");
  EXPECT_EQ(frame.size(), 2u + 2u + 122u);
  EXPECT_EQ(frame[1], 124);
}

}  // namespace
}  // namespace stampede::test
