// STOMP 1.2 "Body", "content-length"; the same sections of 1.1 and 1.0.
#include "tests/unit/stomp/decode.h"

namespace stampede::test {
namespace {

using stomp::Version;
constexpr Version kAll[] = {Version::kV10, Version::kV11, Version::kV12};

std::string with_length(std::string_view length, std::string_view body) {
  return "SEND\ncontent-length:" + std::string(length) + "\n\n" + std::string(body) + '\0';
}

TEST(DecoderBodyTest, WithoutContentLengthEndsAtTheFirstNul) {
  for (const Version version : kAll) {
    const Decoded out = decode("SEND\n\none\0\nSEND\n\ntwo\0"_frame, version);
    ASSERT_EQ(out.frames.size(), 2u);
    EXPECT_EQ(out.frames[0].body, "one");
    EXPECT_EQ(out.frames[1].body, "two");
  }
}

TEST(DecoderBodyTest, ContentLengthLetsABodyHoldNul) {
  for (const Version version : kAll) {
    const OwnedFrame frame = decode_one(with_length("5", "a\0b\0c"_frame), version);
    EXPECT_EQ(frame.body, "a\0b\0c"_frame);
  }
}

TEST(DecoderBodyTest, ContentLengthOfZeroIsAnEmptyBody) {
  EXPECT_EQ(decode_one(with_length("0", "")).body, "");
}

TEST(DecoderBodyTest, TheBodyIsNeverUnescaped) {
  EXPECT_EQ(decode_one("SEND\n\na\\nb\\t\r\n\0"_frame).body, "a\\nb\\t\r\n");
}

TEST(DecoderBodyTest, TheFirstContentLengthCounts) {
  const OwnedFrame frame = decode_one("SEND\ncontent-length:3\ncontent-length:1\n\na\0b\0"_frame);
  EXPECT_EQ(frame.body, "a\0b"_frame);
}

TEST(DecoderBodyTest, RefusesABodyThatDoesNotEndWhereContentLengthSays) {
  EXPECT_EQ(refusal(with_length("3", "abcd")),
            "Invalid frame: no NUL after the 3 bytes of body that content-length announces");
}

TEST(DecoderBodyTest, WaitsForABodyThatIsShorterThanItsContentLength) {
  const Decoded out = decode(with_length("10", "abc"));
  EXPECT_TRUE(out.frames.empty());
  EXPECT_EQ(out.error.detail, "");
}

TEST(DecoderBodyTest, RefusesAContentLengthThatIsNotANumber) {
  for (const std::string_view bad : {"", "-1", "+5", "0x10", "5 ", " 5", "5a", "1.5", "abc"}) {
    EXPECT_THAT(refusal(with_length(bad, "")),
                ::testing::StartsWith("Invalid header: content-length '" + std::string(bad) + "'"));
  }
}

TEST(DecoderBodyTest, Takes10sBlanksAroundAContentLength) {
  EXPECT_EQ(decode_one(with_length(" 3 ", "a\0b"_frame), Version::kV10).body, "a\0b"_frame);
  EXPECT_THAT(refusal(with_length("  ", ""), Version::kV10),
              ::testing::StartsWith("Invalid header: content-length"));
}

TEST(DecoderBodyTest, OnlySendMessageAndErrorHaveABody) {
  EXPECT_EQ(decode_one("MESSAGE\n\nx\0"_frame).body, "x");
  EXPECT_EQ(decode_one("ERROR\n\nx\0"_frame).body, "x");
  for (const char* command : {"CONNECT", "STOMP", "SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK",
                              "BEGIN", "COMMIT", "ABORT", "DISCONNECT"}) {
    EXPECT_EQ(refusal(std::string(command) + "\n\nbody" + '\0'),
              "Invalid frame: " + std::string(command) +
                  " has a body of 4 bytes, but of a client's frames only SEND may have one");
  }
}

TEST(DecoderBodyTest, TakesLineEndsBeforeTheNulOfAFrameWithoutBody) {
  const OwnedFrame frame = decode_one("CONNECT\nhost:a\n\n\r\n\n\0"_frame);
  EXPECT_EQ(frame.body, "");
  EXPECT_EQ(frame.headers.size(), 1u);
}

}  // namespace
}  // namespace stampede::test
