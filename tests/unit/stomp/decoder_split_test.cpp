// A transport cuts bytes anywhere; what comes out may not depend on where.
#include <random>

#include "shared/stomp/encoder.h"
#include "tests/unit/stomp/decode.h"

namespace stampede::test {
namespace {

using stomp::Version;
constexpr Version kAll[] = {Version::kV10, Version::kV11, Version::kV12};

const std::vector<std::string>& corpus() {
  static const std::vector<std::string> streams{
      "CONNECT\naccept-version:1.0,1.1,1.2\nhost:a\nheart-beat:0,0\n\n\0\nSUBSCRIBE\nid:0\n"
      "destination:/topic/a\n\n\0\n\n\nSEND\ndestination:/topic/a\n\nhello\0"_frame,
      "\r\n\r\nSEND\r\ndestination:/topic/a\r\nx\\c:\\\\\\n\r\n\r\nbody\r\n\0\r\n\0SEND\n\n\0"_frame,
      "SEND\ncontent-length:7\n\na\0b\0c\0d\0SEND\ncontent-length:0\n\n\0ACK\nid:1\n\n\0"_frame,
      "SEND\nx:1\r\n\nb\0MESSAGE\na:\xff\xfe\n\n\x80\0DISCONNECT\nreceipt:7\n\n\n\n\0"_frame,
      "SEND\nx:\\t\n\n\0"_frame,
      "SEND\nx:a\\r\n\nok\0BAD\n\n\0"_frame,
      "SEND\ncontent-length:2\n\nabc\0"_frame,
      "SEND\nno colon\n\n\0"_frame,
      "SEND\nx:1\n\0\n\0"_frame,
      "BEGIN\ntransaction:1\n\nbody\0"_frame,
      "SEND\ncontent-length:99999999\n\n"_frame,
      "SUBSCRIBER\n\n\0"_frame,
      "SE\0ND\0\n\n\0"_frame,
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      std::string(20'000, 'A'),
      "SEND\nx:" + std::string(20'000, 'y') + "\0\n\n\0"_frame,
  };
  return streams;
}

Decoded decode_pieces(const std::string& bytes, const std::vector<std::size_t>& cuts,
                      Version version) {
  stomp::Decoder decoder({});
  decoder.set_version(version);
  Decoded out;
  std::size_t from = 0;
  for (const std::size_t cut : cuts) {
    decoder.feed(std::string_view(bytes).substr(from, cut - from));
    drain(decoder, out);
    from = cut;
  }
  decoder.feed(std::string_view(bytes).substr(from));
  drain(decoder, out);
  return out;
}

void expect_same(const Decoded& a, const Decoded& b) {
  EXPECT_EQ(a.frames, b.frames);
  EXPECT_EQ(a.error.code, b.error.code);
  EXPECT_EQ(a.error.detail, b.error.detail);
}

TEST(DecoderSplitTest, EveryCutInTwoGivesTheSame) {
  for (const Version version : kAll) {
    for (const std::string& stream : corpus()) {
      const Decoded whole = decode(stream, version);
      const std::size_t step = 1 + stream.size() / 1000;
      for (std::size_t cut = 0; cut <= stream.size(); cut += step) {
        SCOPED_TRACE(cut);
        expect_same(decode_pieces(stream, {cut}, version), whole);
      }
    }
  }
}

TEST(DecoderSplitTest, ByteByByteGivesTheSame) {
  for (const Version version : kAll) {
    for (const std::string& stream : corpus()) {
      std::vector<std::size_t> cuts;
      for (std::size_t i = 1; i < stream.size(); ++i) cuts.push_back(i);
      expect_same(decode_pieces(stream, cuts, version), decode(stream, version));
    }
  }
}

TEST(DecoderSplitTest, EveryCutInThreeGivesTheSame) {
  for (const std::string& stream : corpus()) {
    if (stream.size() > 1000) continue;
    const Decoded whole = decode(stream, Version::kV12);
    for (std::size_t a = 0; a <= stream.size(); ++a) {
      for (std::size_t b = a; b <= stream.size(); b += 3) {
        SCOPED_TRACE(std::to_string(a) + "," + std::to_string(b));
        expect_same(decode_pieces(stream, {a, b}, Version::kV12), whole);
      }
    }
  }
}

/// Feeding ahead of `next` must not lose or reorder anything either.
TEST(DecoderSplitTest, FramesMayPileUpBeforeTheyAreTaken) {
  std::mt19937 random(20240607);
  for (int round = 0; round < 50; ++round) {
    stomp::Decoder decoder({});
    int fed = 0;
    int taken = 0;
    std::string pending;
    while (taken < 200) {
      if (fed < 200 && random() % 2 == 0) {
        pending +=
            "SEND\nn:" + std::to_string(fed++) + "\n\n" + std::string(random() % 50, 'x') + '\0';
      }
      const std::size_t piece = fed == 200 ? pending.size() : random() % (pending.size() + 1);
      decoder.feed(std::string_view(pending).substr(0, piece));
      pending.erase(0, piece);
      if (random() % 3 != 0) continue;
      const auto frame = decoder.next();
      ASSERT_TRUE(frame.has_value());
      if (!*frame) continue;
      ASSERT_EQ((*frame)->find("n"), std::to_string(taken++));
    }
  }
}

/// Arbitrary bytes end in frames, an error or a wait, never in anything else; with the sanitizers
/// on this is where a bad view would show.
TEST(DecoderSplitTest, SurvivesMutatedStreams) {
  std::mt19937 random(4711);
  for (int round = 0; round < 20'000; ++round) {
    std::string stream = corpus()[random() % corpus().size()];
    for (int i = 0; i < 3; ++i) {
      stream[random() % stream.size()] = "\n\r\0:\\cnx9\xff"_frame[random() % 10];
    }
    const std::size_t cut = random() % (stream.size() + 1);
    const Version version = kAll[random() % 3];
    expect_same(decode_pieces(stream, {cut}, version), decode(stream, version));
  }
}

/// Reading must be linear in the bytes: a decoder that starts over at every piece needs some 10^11
/// steps for this frame and does not come back.
TEST(DecoderSplitTest, ReadsALargeFrameInSmallPiecesWithoutStartingOver) {
  constexpr std::size_t kBody = 4 * 1024 * 1024;
  stomp::Decoder decoder({.max_body_bytes = kBody});
  decoder.feed("SEND\n\n");
  const std::string piece(64, 'x');
  for (std::size_t fed = 0; fed < kBody; fed += piece.size()) {
    decoder.feed(piece);
    const auto nothing = decoder.next();
    ASSERT_TRUE(nothing.has_value() && !*nothing);
  }
  decoder.feed("\0"_frame);
  const auto frame = decoder.next();
  ASSERT_TRUE(frame.has_value() && *frame);
  EXPECT_EQ((*frame)->body.size(), kBody);
}

}  // namespace
}  // namespace stampede::test
