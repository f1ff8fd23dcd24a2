#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/session/session_fixture.h"
#include "tests/unit/stomp/decode.h"

namespace stampede::gateway {

/// A session as the specifications' text speaks of it: what comes back is read as a client of the
/// session's version reads it. docs/stomp-conformance.md says which clause each test holds.
class SpecificationTest : public SessionTest {
 protected:
  /// CONNECT as a client of exactly that version sends it.
  void connect_as(stomp::Version version, const std::string& more = "") {
    version_ = version;
    connect(version == stomp::Version::kV10 ? "login:ann" + more
                                            : "accept-version:" + std::string(to_string(version)) +
                                                  "\nhost:h\nlogin:ann" + more);
  }
  void confirm() {
    shard_.feed.answer_all();
    shard_.executor.run();
  }
  /// All that was sent since the last look, without heart-beats.
  std::vector<test::OwnedFrame> received() {
    std::string bytes;
    for (const std::string& one : sent()) bytes += one;
    sent().clear();
    const test::Decoded decoded = test::decode(bytes, version_);
    EXPECT_EQ(decoded.error.detail, "") << bytes;
    return decoded.frames;
  }
  /// The only frame since the last look.
  test::OwnedFrame received_one() {
    const auto frames = received();
    EXPECT_EQ(frames.size(), 1u);
    return frames.empty() ? test::OwnedFrame{} : frames.front();
  }
  /// The first header of that name.
  static std::optional<std::string> header(const test::OwnedFrame& frame, std::string_view name) {
    for (const auto& [key, value] : frame.headers) {
      if (key == name) return value;
    }
    return std::nullopt;
  }
  /// That the last frame was an ERROR with that `message`, and that the connection closed after it.
  test::OwnedFrame expect_error(std::string_view message) {
    const auto frames = received();
    EXPECT_FALSE(frames.empty());
    if (frames.empty()) return {};
    EXPECT_EQ(frames.back().command, stomp::Command::kError);
    EXPECT_EQ(header(frames.back(), "message"), message);
    EXPECT_TRUE(transport_.closed);
    return frames.back();
  }

  stomp::Version version_ = stomp::Version::kV12;
};

/// What holds in every version.
class AnyVersionTest : public SpecificationTest,
                       public testing::WithParamInterface<stomp::Version> {
 protected:
  void connect_here(const std::string& more = "") { connect_as(GetParam(), more); }
};

inline std::string version_name(const testing::TestParamInfo<stomp::Version>& info) {
  std::string name = "Stomp";
  for (const char c : to_string(info.param)) {
    if (c != '.') name += c;
  }
  return name;
}

}  // namespace stampede::gateway
