// Input: a line of options (`1.0`, `1.1`, `1.2`: the version after the first frame; `small`: limits
// that a short input can reach), then a stream.
//
// Promises: the same frames, the same error and the same rest come out however the stream is cut;
// what was read can be written and read again.
#include "shared/stomp/decoder.h"

#include "shared/stomp/encoder.h"
#include "tests/fuzz/finding.h"
#include "tests/fuzz/notation.h"
#include "tests/fuzz/targets.h"

namespace stampede::fuzz {
namespace {

using stomp::Command;
using stomp::Decoder;
using stomp::DecoderLimits;
using stomp::Version;

struct Frame {
  Command command{};
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  friend bool operator==(const Frame&, const Frame&) = default;
};

struct Outcome {
  std::vector<Frame> frames;
  Error error;
  std::optional<std::string> failed_receipt;
  std::size_t rest = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

struct Options {
  Version version = Version::kV12;
  DecoderLimits limits;
};

Options parse_options(std::string_view line) {
  Options options;
  while (!line.empty()) {
    const std::string_view word = take_word(line);
    if (word == "1.0") options.version = Version::kV10;
    if (word == "1.1") options.version = Version::kV11;
    if (word == "small") options.limits = {16, 4, 64};
  }
  return options;
}

std::string describe(const Outcome& outcome) {
  std::string out = std::to_string(outcome.frames.size()) + " frames, " +
                    std::to_string(outcome.rest) + " bytes left, error '" + outcome.error.detail +
                    "'";
  return out;
}

/// As a session does it: every frame that is ready is taken before more is fed, and the version is
/// set between the first frame and the second.
class Reader {
 public:
  explicit Reader(const Options& options) : version_(options.version), decoder_(options.limits) {}

  void feed(std::string_view bytes) {
    decoder_.feed(bytes);
    while (true) {
      const auto next = decoder_.next();
      if (!next) {
        outcome_.error = next.error();
        return;
      }
      if (!next->has_value()) return;
      Frame frame{(*next)->command, {}, std::string((*next)->body)};
      for (const auto& [name, value] : (*next)->headers) frame.headers.emplace_back(name, value);
      outcome_.frames.push_back(std::move(frame));
      decoder_.set_version(version_);
    }
  }
  Outcome finish() {
    outcome_.failed_receipt = decoder_.failed_receipt();
    outcome_.rest = decoder_.buffered_bytes();
    return std::move(outcome_);
  }

 private:
  Version version_;
  Decoder decoder_;
  Outcome outcome_;
};

/// 1.0 and the frames of the handshake have no escapes, so there not every header can be written.
bool can_be_written(const Frame& frame, Version version) {
  return version != Version::kV10 && frame.command != Command::kConnect &&
         frame.command != Command::kStomp && frame.command != Command::kConnected;
}

void check_round_trip(const Frame& frame, Version version) {
  Frame written = frame;
  std::erase_if(written.headers,
                [](const auto& header) { return header.first == "content-length"; });
  stomp::FrameWriter writer(version, written.command);
  for (const auto& [name, value] : written.headers) writer.header(name, value);
  const std::string bytes = writer.finish(written.body);
  if (!written.body.empty()) {
    written.headers.emplace_back("content-length", std::to_string(written.body.size()));
  }
  Decoder decoder({1 << 20, 1000, 1 << 20});
  decoder.set_version(version);
  decoder.feed(bytes);
  const auto read = decoder.next();
  require(read.has_value(), "a frame that was written can be read", read.error().detail);
  require(read->has_value(), "a frame that was written is whole");
  Frame again{(*read)->command, {}, std::string((*read)->body)};
  for (const auto& [name, value] : (*read)->headers) again.headers.emplace_back(name, value);
  require(again == written, "a frame that was written is read back as it was", bytes);
}

}  // namespace

void stomp_decoder(std::string_view input) {
  const Options options = parse_options(take_line(input));
  const Stream stream = parse_stream(input);
  const std::string whole = stream.whole();

  Reader at_once(options);
  at_once.feed(whole);
  const Outcome expected = at_once.finish();

  Reader cut(options);
  for (const std::string& piece : stream.pieces) cut.feed(piece);
  const Outcome in_pieces = cut.finish();
  require(in_pieces == expected, "cuts change nothing: " + describe(expected), describe(in_pieces));

  Reader slow(options);
  for (const char& byte : whole) slow.feed({&byte, 1});
  const Outcome by_byte = slow.finish();
  require(by_byte == expected, "cuts change nothing: " + describe(expected), describe(by_byte));

  for (std::size_t i = 0; i < expected.frames.size(); ++i) {
    const Version version = i == 0 ? Version::kV12 : options.version;
    if (can_be_written(expected.frames[i], version)) check_round_trip(expected.frames[i], version);
  }
}

}  // namespace stampede::fuzz
