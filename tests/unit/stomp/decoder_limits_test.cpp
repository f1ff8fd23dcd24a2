// STOMP 1.2 "Size Limits": a limit that is hit says which one and how much it allows.
#include "tests/unit/stomp/decode.h"

namespace stampede::test {
namespace {

using stomp::DecoderLimits;
using stomp::Version;

constexpr DecoderLimits kSmall{.max_body_bytes = 8, .max_headers = 2, .max_header_bytes = 64};

Error error_of(std::string_view bytes) { return decode(bytes, Version::kV12, kSmall).error; }

TEST(DecoderLimitsTest, TakesWhatIsExactlyAtEachLimit) {
  EXPECT_EQ(error_of("SEND\na:1\nb:2\n\n12345678\0"_frame).detail, "");
  EXPECT_EQ(error_of("SEND\ncontent-length:8\n\n12345678\0"_frame).detail, "");
  EXPECT_EQ(error_of("SEND\nx:" + std::string(64 - 7, 'y') + "\n\n" + '\0').detail,
            "Frame too large: command and headers together may have 64 bytes")
      << "the blank line counts";
  EXPECT_EQ(error_of("SEND\nx:" + std::string(64 - 8, 'y') + "\n\n" + '\0').detail, "");
}

TEST(DecoderLimitsTest, RefusesABodyByItsContentLengthBeforeItArrives) {
  const Error error = error_of("SEND\ncontent-length:9\n\n");
  EXPECT_TRUE(error.is(Errc::kTooLarge));
  EXPECT_EQ(error.detail, "Frame too large: content-length is 9, a body may have 8 bytes");
}

TEST(DecoderLimitsTest, RefusesAContentLengthBeyondAnyNumber) {
  const Error error = error_of("SEND\ncontent-length:99999999999999999999999\n\n");
  EXPECT_TRUE(error.is(Errc::kTooLarge));
  EXPECT_EQ(
      error.detail,
      "Frame too large: content-length is '99999999999999999999999', a body may have 8 bytes");
}

TEST(DecoderLimitsTest, RefusesABodyWithoutLengthAsSoonAsItIsOver) {
  const Error error = error_of("SEND\n\n123456789");
  EXPECT_TRUE(error.is(Errc::kTooLarge));
  EXPECT_EQ(error.detail, "Frame too large: a body may have 8 bytes");
}

TEST(DecoderLimitsTest, RefusesTooManyHeaders) {
  const Error error = error_of("SEND\na:1\nb:2\nc:3\n");
  EXPECT_TRUE(error.is(Errc::kTooLarge));
  EXPECT_EQ(error.detail, "Frame too large: a frame may have 2 headers");
}

TEST(DecoderLimitsTest, RefusesAnEndlessHeaderLine) {
  const Error error = error_of("SEND\nx:" + std::string(100, 'y'));
  EXPECT_TRUE(error.is(Errc::kTooLarge));
}

TEST(DecoderLimitsTest, SaysWhichLimitItWas) {
  for (const auto& [bytes, exceeded] : std::vector<std::pair<std::string, stomp::Exceeded>>{
           {"SEND\ncontent-length:9\n\n", stomp::Exceeded::kBody},
           {"SEND\ncontent-length:99999999999999999999999\n\n", stomp::Exceeded::kBody},
           {"SEND\n\n123456789", stomp::Exceeded::kBody},
           {"SEND\na:1\nb:2\nc:3\n", stomp::Exceeded::kHeaders},
           {"SEND\nx:" + std::string(100, 'y'), stomp::Exceeded::kHeaderBytes},
           {"NOTHING\n", stomp::Exceeded::kNothing}}) {
    stomp::Decoder decoder(kSmall);
    decoder.feed(bytes);
    EXPECT_FALSE(decoder.next()) << bytes;
    EXPECT_EQ(decoder.exceeded(), exceeded) << bytes;
  }
}

TEST(DecoderLimitsTest, LargerLimitsHoldFromTheNextBytesOn) {
  stomp::Decoder decoder(kSmall);
  decoder.set_limits({.max_body_bytes = 16, .max_headers = 2, .max_header_bytes = 64});
  decoder.feed("SEND\n\n123456789\0"_frame);
  const auto frame = decoder.next();
  ASSERT_TRUE(frame.has_value() && *frame);
  EXPECT_EQ((*frame)->body, "123456789");
}

TEST(DecoderLimitsTest, HoldsNoMoreThanOneFrameAndItsLastPiece) {
  stomp::Decoder decoder({.max_body_bytes = 1000, .max_headers = 2, .max_header_bytes = 64});
  const std::string piece(100, 'x');
  decoder.feed("SEND\n\n");
  for (int i = 0; i < 100 && !decoder.next().has_error(); ++i) {
    EXPECT_LE(decoder.buffered_bytes(), 1000u + 64u + piece.size());
    decoder.feed(piece);
  }
  EXPECT_TRUE(decoder.next().has_error());
  EXPECT_EQ(decoder.buffered_bytes(), 0u);
}

}  // namespace
}  // namespace stampede::test
