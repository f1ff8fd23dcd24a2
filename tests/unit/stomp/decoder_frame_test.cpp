// STOMP 1.2 "STOMP Frames", 1.1 "STOMP Frames", 1.0 "Frames": commands, line ends, what lies
// between.
#include "tests/unit/stomp/decode.h"

namespace stampede::test {
namespace {

using stomp::Command;
using stomp::Version;

TEST(DecoderFrameTest, ReadsCommandHeadersAndBody) {
  const OwnedFrame frame = decode_one("SEND\ndestination:/topic/a\nx:1\n\nhello\0"_frame);
  EXPECT_EQ(frame.command, Command::kSend);
  ASSERT_EQ(frame.headers.size(), 2u);
  EXPECT_EQ(frame.headers[0], (std::pair<std::string, std::string>("destination", "/topic/a")));
  EXPECT_EQ(frame.headers[1], (std::pair<std::string, std::string>("x", "1")));
  EXPECT_EQ(frame.body, "hello");
}

TEST(DecoderFrameTest, KnowsEveryCommandOfTheThreeVersions) {
  for (int i = 0; i <= static_cast<int>(Command::kError); ++i) {
    const auto command = static_cast<Command>(i);
    const std::string bytes = std::string(to_string(command)) + "\n\n" + '\0';
    EXPECT_EQ(decode_one(bytes).command, command) << bytes;
    EXPECT_EQ(stomp::parse_command(to_string(command)), command);
  }
}

TEST(DecoderFrameTest, CommandsAreCaseSensitive) {
  EXPECT_EQ(refusal("send\n\n\0"_frame), "Illegal command: 'send' is not a STOMP command");
  EXPECT_FALSE(stomp::parse_command("Connect"));
}

TEST(DecoderFrameTest, RefusesWhatIsNotStompAtItsFirstBytes) {
  EXPECT_EQ(refusal(std::string(1000, 'A')), refusal(std::string(13, 'A')));
  EXPECT_EQ(refusal("GET / HTTP/1."), "Illegal command: 'GET / HTTP/1.' is not a STOMP command");
  EXPECT_EQ(refusal(R"({"type":"hello"})"),
            "Illegal command: '{\"type\":\"hell' is not a STOMP command");
  EXPECT_EQ(refusal("\x16\x03\x01\x02 a TLS hello"),
            "Illegal command: '\\x16\\x03\\x01\\x02 a TLS he' is not a STOMP command");
}

TEST(DecoderFrameTest, RefusesNulInsideTheCommand) {
  EXPECT_EQ(refusal("SEND\0"_frame), "Illegal command: 'SEND\\x00' is not a STOMP command");
}

TEST(DecoderFrameTest, AcceptsCrLfIn12) {
  const OwnedFrame frame = decode_one("SEND\r\ndestination:/topic/a\r\n\r\nbody\r\n\0"_frame);
  ASSERT_EQ(frame.headers.size(), 1u);
  EXPECT_EQ(frame.headers[0].second, "/topic/a");
  EXPECT_EQ(frame.body, "body\r\n");
}

TEST(DecoderFrameTest, AcceptsCrLfInConnectWhateverTheVersion) {
  for (const Version version : {Version::kV10, Version::kV11, Version::kV12}) {
    const OwnedFrame frame = decode_one("CONNECT\r\nlogin:a\r\n\r\n\0"_frame, version);
    ASSERT_EQ(frame.headers.size(), 1u);
    EXPECT_EQ(frame.headers[0].second, "a");
  }
}

TEST(DecoderFrameTest, KeepsACrAtTheEndOfAValueIn11And10) {
  for (const Version version : {Version::kV10, Version::kV11}) {
    const OwnedFrame frame = decode_one("SEND\nx:a\r\n\n\0"_frame, version);
    ASSERT_EQ(frame.headers.size(), 1u);
    EXPECT_EQ(frame.headers[0].second, "a\r");
  }
}

TEST(DecoderFrameTest, TakesCrLfThroughoutIn11And10WhenTheCommandLineHasIt) {
  for (const Version version : {Version::kV10, Version::kV11}) {
    const OwnedFrame frame = decode_one("SEND\r\nx:a\r\n\r\nb\0"_frame, version);
    ASSERT_EQ(frame.headers.size(), 1u);
    EXPECT_EQ(frame.headers[0].second, "a");
    EXPECT_EQ(frame.body, "b");
  }
}

TEST(DecoderFrameTest, SkipsLineEndsAndNulBetweenFrames) {
  const Decoded out = decode("\n\r\n\0\nSEND\n\na\0\n\n\r\n\0SEND\n\nb\0\n\0\n"_frame);
  EXPECT_EQ(out.error.detail, "");
  ASSERT_EQ(out.frames.size(), 2u);
  EXPECT_EQ(out.frames[0].body, "a");
  EXPECT_EQ(out.frames[1].body, "b");
}

TEST(DecoderFrameTest, HoldsNothingWhileIdle) {
  stomp::Decoder decoder({});
  decoder.feed("\n");
  EXPECT_EQ(decoder.buffered_bytes(), 0u);
  EXPECT_FALSE(*decoder.next());
  decoder.feed("SEND\n\na\0"_frame);
  EXPECT_GT(decoder.buffered_bytes(), 0u);
  EXPECT_TRUE(*decoder.next());
  EXPECT_FALSE(*decoder.next());
  EXPECT_EQ(decoder.buffered_bytes(), 0u);
}

TEST(DecoderFrameTest, StaysInErrorOnceTheStreamIsBroken) {
  stomp::Decoder decoder({});
  decoder.feed("NOPE\n\n\0"_frame);
  const auto first = decoder.next();
  ASSERT_TRUE(first.has_error());
  decoder.feed("SEND\n\na\0"_frame);
  const auto second = decoder.next();
  ASSERT_TRUE(second.has_error());
  EXPECT_EQ(first.error(), second.error());
  EXPECT_TRUE(second.error().is(Errc::kProtocol));
}

TEST(DecoderFrameTest, GivesTheFramesBeforeAnError) {
  const Decoded out = decode("SEND\n\na\0BAD\n\n\0"_frame);
  ASSERT_EQ(out.frames.size(), 1u);
  EXPECT_EQ(out.error.detail, "Illegal command: 'BAD' is not a STOMP command");
}

TEST(DecoderFrameTest, FindsAFrameBehindManyInOneRead) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += "SEND\nn:" + std::to_string(i) + "\n\n" + '\0';
  const Decoded out = decode(bytes);
  ASSERT_EQ(out.frames.size(), 1000u);
  EXPECT_EQ(out.frames.back().headers[0].second, "999");
}

}  // namespace
}  // namespace stampede::test
