// STOMP 1.2 "Value Encoding", "Repeated Header Entries", the grammar; 1.1 and 1.0 where they
// differ.
#include "tests/unit/stomp/decode.h"

namespace stampede::test {
namespace {

using stomp::Command;
using stomp::Version;
constexpr Version kAll[] = {Version::kV10, Version::kV11, Version::kV12};

std::string value_of(std::string_view raw, Version version) {
  const OwnedFrame frame = decode_one("SEND\nx:" + std::string(raw) + "\n\n" + '\0', version);
  return frame.headers.empty() ? "(no header)" : frame.headers[0].second;
}

TEST(DecoderHeaderTest, Unescapes12) {
  EXPECT_EQ(value_of(R"(a\nb\rc\cd\\e)", Version::kV12), "a\nb\rc:d\\e");
  EXPECT_EQ(value_of(R"(\\n)", Version::kV12), "\\n");
  EXPECT_EQ(value_of(R"(\n)", Version::kV12), "\n");
}

TEST(DecoderHeaderTest, Unescapes11) {
  EXPECT_EQ(value_of(R"(a\nb\cd\\e)", Version::kV11), "a\nb:d\\e");
}

TEST(DecoderHeaderTest, Leaves10AsItIs) {
  EXPECT_EQ(value_of(R"(a\nb\cd\\e\t\)", Version::kV10), R"(a\nb\cd\\e\t\)");
}

TEST(DecoderHeaderTest, UnescapesNamesToo) {
  EXPECT_EQ(decode_one("SEND\na\\cb:1\n\n\0"_frame).headers[0].first, "a:b");
  EXPECT_EQ(decode_one("SEND\na\\cb:1\n\n\0"_frame, Version::kV11).headers[0].first, "a:b");
  EXPECT_EQ(decode_one("SEND\na\\cb:1\n\n\0"_frame, Version::kV10).headers[0].first, "a\\cb");
}

TEST(DecoderHeaderTest, UndefinedEscapesAreFatal) {
  for (const std::string_view raw : {R"(\t)", R"(\)", R"(ok\x)", R"(\N)", R"(\0)", R"(a\\\)"}) {
    EXPECT_THAT(refusal("SEND\nx:" + std::string(raw) + "\n\n" + '\0'),
                ::testing::AllOf(::testing::StartsWith("Invalid header: 'x:"),
                                 ::testing::HasSubstr("STOMP 1.2 does not define"),
                                 ::testing::HasSubstr(R"(\r \n \c \\)")))
        << raw;
  }
  EXPECT_THAT(refusal("SEND\n\\q:1\n\n\0"_frame), ::testing::HasSubstr("does not define"));
}

TEST(DecoderHeaderTest, CarriageReturnEscapeIsUndefinedIn11) {
  EXPECT_THAT(refusal("SEND\nx:a\\r\n\n\0"_frame, Version::kV11),
              ::testing::HasSubstr("STOMP 1.1 does not define; it has \\n \\c \\\\"));
}

TEST(DecoderHeaderTest, ConnectStompAndConnectedAreNeverUnescaped) {
  for (const Version version : kAll) {
    for (const char* command : {"CONNECT", "STOMP", "CONNECTED"}) {
      const OwnedFrame frame =
          decode_one(std::string(command) + "\npasscode:a\\cb\\t\\\n\n" + '\0', version);
      ASSERT_EQ(frame.headers.size(), 1u);
      EXPECT_EQ(frame.headers[0].second, "a\\cb\\t\\") << command;
    }
  }
}

TEST(DecoderHeaderTest, AColonInAValueNeedsNoEscape) {
  for (const Version version : kAll) EXPECT_EQ(value_of("http://a:80/", version), "http://a:80/");
}

TEST(DecoderHeaderTest, KeepsValuesByteForByte) {
  for (const Version version : kAll) {
    EXPECT_EQ(value_of("", version), "");
    EXPECT_EQ(value_of("  padded\t ", version), "  padded\t ");
    EXPECT_EQ(value_of("\xff\xfe\x80", version), "\xff\xfe\x80");
    EXPECT_EQ(value_of("grüße 🎉", version), "grüße 🎉");
  }
}

TEST(DecoderHeaderTest, AllowsUtf8AndBlanksInNames) {
  EXPECT_EQ(decode_one("SEND\n größe \t:1\n\n\0"_frame).headers[0].first, " größe \t");
}

TEST(DecoderHeaderTest, KeepsRepeatedHeadersAndFindsTheFirst) {
  stomp::Decoder decoder({});
  decoder.feed("SEND\nfoo:World\nfoo:Hello\n\n\0"_frame);
  const auto frame = decoder.next();
  ASSERT_TRUE(frame.has_value() && *frame);
  EXPECT_EQ((*frame)->headers.size(), 2u);
  EXPECT_EQ((*frame)->find("foo"), "World");
  EXPECT_EQ((*frame)->find("Foo"), std::nullopt);
}

TEST(DecoderHeaderTest, RefusesALineWithoutAColon) {
  EXPECT_EQ(refusal("SEND\ndestination\n\n\0"_frame), "Invalid header: 'destination' has no colon");
}

TEST(DecoderHeaderTest, RefusesAnEmptyName) {
  EXPECT_EQ(refusal("SEND\n:value\n\n\0"_frame), "Invalid header: ':value' has no name");
}

TEST(DecoderHeaderTest, RefusesABareCarriageReturnIn12) {
  EXPECT_THAT(refusal("SEND\nx:a\rb\n\n\0"_frame), ::testing::HasSubstr("carriage return"));
  EXPECT_EQ(value_of("a\rb", Version::kV11), "a\rb");
  EXPECT_EQ(value_of("a\rb", Version::kV10), "a\rb");
}

TEST(DecoderHeaderTest, SaysThatABlankLineIsMissing) {
  EXPECT_THAT(refusal("SUBSCRIBE\nid:0\ndestination:/topic/a\n\0"_frame),
              ::testing::StartsWith("Invalid frame: NUL inside the headers of SUBSCRIBE"));
  EXPECT_THAT(refusal("SEND\nx:a\0b\n\n\0"_frame), ::testing::HasSubstr("NUL inside the headers"));
}

}  // namespace
}  // namespace stampede::test
