#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/stomp/decoder.h"

namespace stampede::test {

/// A frame that owns its bytes, so that it can be kept and compared.
struct OwnedFrame {
  stomp::Command command{};
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  friend bool operator==(const OwnedFrame&, const OwnedFrame&) = default;
};

inline OwnedFrame own(const stomp::FrameView& view) {
  OwnedFrame out{view.command, {}, std::string(view.body)};
  for (const auto& header : view.headers) out.headers.emplace_back(header.name, header.value);
  return out;
}

struct Decoded {
  std::vector<OwnedFrame> frames;
  Error error;  ///< of the frame after those, or none

  friend bool operator==(const Decoded&, const Decoded&) = default;
};

/// Everything the decoder has ready.
inline void drain(stomp::Decoder& decoder, Decoded& into) {
  while (true) {
    auto next = decoder.next();
    if (next.has_error()) {
      into.error = next.error();
      return;
    }
    if (!*next) return;
    into.frames.push_back(own(**next));
  }
}

inline Decoded decode(std::string_view bytes, stomp::Version version = stomp::Version::kV12,
                      stomp::DecoderLimits limits = {}) {
  stomp::Decoder decoder(limits);
  decoder.set_version(version);
  decoder.feed(bytes);
  Decoded out;
  drain(decoder, out);
  return out;
}

/// The only frame in `bytes`; a test failure when there is not exactly one.
inline OwnedFrame decode_one(std::string_view bytes,
                             stomp::Version version = stomp::Version::kV12) {
  Decoded out = decode(bytes, version);
  EXPECT_EQ(out.error.detail, "");
  EXPECT_EQ(out.frames.size(), 1u);
  return out.frames.empty() ? OwnedFrame{} : out.frames.front();
}

/// The error's text; a test failure when the bytes decode.
inline std::string refusal(std::string_view bytes, stomp::Version version = stomp::Version::kV12,
                           stomp::DecoderLimits limits = {}) {
  const Decoded out = decode(bytes, version, limits);
  EXPECT_TRUE(out.frames.empty());
  EXPECT_NE(out.error.detail, "");
  return out.error.detail;
}

/// With the NUL of a literal in it: `"SEND\n\nx\0"_frame`.
inline std::string operator""_frame(const char* text, std::size_t size) { return {text, size}; }

}  // namespace stampede::test
