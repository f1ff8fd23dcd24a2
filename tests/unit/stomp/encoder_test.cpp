// What goes out, and that it comes back the same through the decoder.
#include "shared/stomp/encoder.h"

#include "shared/stomp/excerpt.h"
#include "tests/unit/stomp/decode.h"

namespace stampede::test {
namespace {

using stomp::Command;
using stomp::FrameWriter;
using stomp::Version;
constexpr Version kAll[] = {Version::kV10, Version::kV11, Version::kV12};

std::string header_line(Version version, Command command, std::string_view name,
                        std::string_view value) {
  const std::string frame = FrameWriter(version, command).header(name, value).finish();
  const std::size_t from = frame.find('\n') + 1;
  return frame.substr(from, frame.size() - from - 3);  // without the blank line's LF, NUL, LF
}

TEST(EncoderTest, WritesAFrameThatEndsInNulAndLf) {
  EXPECT_EQ(FrameWriter(Version::kV12, Command::kReceipt).header("receipt-id", "7").finish(),
            "RECEIPT\nreceipt-id:7\n\n\0\n"_frame);
}

TEST(EncoderTest, AddsContentLengthToABody) {
  EXPECT_EQ(FrameWriter(Version::kV12, Command::kMessage).header("seq", 42).finish("a\0b"_frame),
            "MESSAGE\nseq:42\ncontent-length:3\n\na\0b\0\n"_frame);
}

TEST(EncoderTest, WritesNegativeAndLargestNumbers) {
  EXPECT_EQ(header_line(Version::kV12, Command::kMessage, "a", "-1"), "a:-1\n");
  EXPECT_EQ(FrameWriter(Version::kV12, Command::kMessage)
                .header("a", -9223372036854775807LL - 1)
                .finish(),
            "MESSAGE\na:-9223372036854775808\n\n\0\n"_frame);
}

TEST(EncoderTest, EscapesAsEachVersionAsks) {
  const std::string value = "a\nb\rc:d\\e";
  EXPECT_EQ(header_line(Version::kV12, Command::kMessage, "x:y", value),
            "x\\cy:a\\nb\\rc\\cd\\\\e\n");
  EXPECT_EQ(header_line(Version::kV11, Command::kMessage, "x:y", value),
            "x\\cy:a\\nb\rc\\cd\\\\e\n");
  EXPECT_EQ(header_line(Version::kV10, Command::kMessage, "x", value), "x:ab\rc:d\\e\n");
}

TEST(EncoderTest, ConnectedIsNeverEscaped) {
  for (const Version version : kAll) {
    EXPECT_EQ(header_line(version, Command::kConnected, "server", "a:b\\c\nd"), "server:a:b\\cd\n");
  }
}

TEST(EncoderTest, NeverWritesNulIntoAHeader) {
  for (const Version version : kAll) {
    EXPECT_EQ(header_line(version, Command::kMessage, "ab", "c\0\0d"_frame), "ab:cd\n");
    EXPECT_EQ(header_line(version, Command::kMessage, "a\0b"_frame, "cd"), "");
  }
}

TEST(EncoderTest, LeavesOutAHeaderWhoseNameCannotBeSaid) {
  for (const char* name : {"content:-length", "content\n-length", "content-length\r", ":", ""}) {
    EXPECT_EQ(header_line(Version::kV10, Command::kMessage, name, "1"), "") << name;
    EXPECT_EQ(header_line(Version::kV12, Command::kConnected, name, "1"), "") << name;
  }
  EXPECT_EQ(header_line(Version::kV12, Command::kMessage, ":", "1"), "\\c:1\n");
}

TEST(EncoderTest, WhatItWritesTheDecoderReadsBack) {
  const std::string nasty = "\\n\n:\\c\\\\ \t grüße \xff\xfe:";
  for (const Version version : {Version::kV11, Version::kV12}) {
    const std::string bytes = FrameWriter(version, Command::kMessage)
                                  .header(nasty, nasty)
                                  .header("empty", "")
                                  .finish("body\0\n"_frame);
    const OwnedFrame frame = decode_one(bytes, version);
    ASSERT_EQ(frame.headers.size(), 3u);
    EXPECT_EQ(frame.headers[0], std::make_pair(nasty, nasty));
    EXPECT_EQ(frame.headers[1].second, "");
    EXPECT_EQ(frame.body, "body\0\n"_frame);
  }
}

TEST(EncoderTest, CarriageReturnsSurviveIn12) {
  const std::string bytes =
      FrameWriter(Version::kV12, Command::kMessage).header("x", "\ra\r\n\r").finish();
  EXPECT_EQ(decode_one(bytes).headers[0].second, "\ra\r\n\r");
}

TEST(ExcerptTest, QuotesWhatIsPrintableAndNamesTheRest) {
  EXPECT_EQ(stomp::excerpt("a b"), "'a b'");
  EXPECT_EQ(stomp::excerpt("\x1b[31m\xff\0"_frame), "'\\x1b[31m\\xff\\x00'");
  EXPECT_EQ(stomp::excerpt(std::string(41, 'a')), "'" + std::string(40, 'a') + "...'");
}

}  // namespace
}  // namespace stampede::test
