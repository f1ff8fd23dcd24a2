#include "gateway/session/slice.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "gateway/session/close_reason.h"
#include "shared/base/utf8.h"

namespace stampede::test {
namespace {

using gateway::close_info;
using gateway::CloseReason;
using gateway::Slice;

std::string header_of(std::size_t payload) {
  const Slice slice = Slice::of_stomp_frame(std::string(payload, 'x'));
  EXPECT_EQ(slice.stomp(), std::string(payload, 'x'));
  return std::string(slice.websocket().substr(0, slice.websocket().size() - payload));
}

TEST(SliceTest, UsesTheShortestLengthThatFits) {
  using namespace std::string_literals;
  EXPECT_EQ(header_of(1), "\x81\x01");
  EXPECT_EQ(header_of(125), "\x81\x7d");
  EXPECT_EQ(header_of(126), "\x81\x7e\x00\x7e"s);
  EXPECT_EQ(header_of(65535), "\x81\x7e\xff\xff");
  EXPECT_EQ(header_of(65536), "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s);
}

TEST(SliceTest, IsTextWhenItIsUtf8AndBinaryOtherwise) {
  EXPECT_EQ(Slice::of_stomp_frame("grüße").websocket()[0], '\x81');
  EXPECT_EQ(Slice::of_stomp_frame("\xff").websocket()[0], '\x82');
  EXPECT_EQ(Slice::of_stomp_frame("\xed\xa0\x80").websocket()[0], '\x82') << "a surrogate";
}

TEST(SliceTest, AHeartBeatIsOneLineFeed) {
  EXPECT_EQ(Slice::of_heart_beat().websocket(), "\x81\x01\n");
  EXPECT_EQ(Slice::of_heart_beat().stomp(), "\n");
}

TEST(SliceTest, HoldsSeveralFramesEachWhole) {
  const std::vector<std::string> frames{"one", std::string(126, 'x'), "\xff", "",
                                        std::string(70'000, 'y')};
  const Slice run = Slice::of_stomp_frames(frames);
  std::string websocket;
  std::string stomp;
  for (const std::string& frame : frames) {
    websocket += Slice::of_stomp_frame(frame).websocket();
    stomp += frame;
  }
  EXPECT_EQ(run.websocket(), websocket);
  EXPECT_EQ(run.stomp(), stomp);
  EXPECT_EQ(run.largest_frame(), 70'000u);
  std::vector<std::string> found;
  run.for_each_frame([&](std::string_view framed, std::string_view bare) {
    EXPECT_EQ(framed, Slice::of_stomp_frame(bare).websocket());
    found.emplace_back(bare);
  });
  EXPECT_EQ(found, frames);
}

TEST(SliceTest, OfAWebSocketOnlyThereIsNoFrame) {
  const Slice slice = Slice::of_websocket_only("HTTP/1.1 101 Switching Protocols");
  EXPECT_EQ(slice.stomp(), "");
  EXPECT_EQ(slice.largest_frame(), 0u);
  slice.for_each_frame([](std::string_view, std::string_view) { FAIL(); });
}

TEST(SliceTest, CopiesShareTheBytes) {
  Slice copy;
  const char* data = nullptr;
  {
    const Slice first = Slice::of_stomp_frame("abc");
    data = first.stomp().data();
    copy = first;
  }
  EXPECT_EQ(copy.stomp(), "abc");
  EXPECT_EQ(copy.stomp().data(), data);
  Slice moved = std::move(copy);
  EXPECT_EQ(moved.stomp().data(), data);
}

TEST(CloseReasonTest, EveryReasonHasItsOwnLabelAndATextThatFitsACloseFrame) {
  std::set<std::string_view> labels;
  for (int i = 0; i <= static_cast<int>(CloseReason::kInternalError); ++i) {
    const auto info = close_info(static_cast<CloseReason>(i));
    EXPECT_TRUE(labels.insert(info.label).second) << info.label;
    EXPECT_FALSE(info.text.empty());
    EXPECT_LE(info.text.size(), 123u);
    EXPECT_TRUE(is_utf8(info.text));
    EXPECT_TRUE((info.websocket_code >= 1000 && info.websocket_code <= 1014) ||
                (info.websocket_code >= 4000 && info.websocket_code <= 4999));
  }
}

}  // namespace
}  // namespace stampede::test
