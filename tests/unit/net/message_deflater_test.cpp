// RFC 7692 section 7.2.1, and how often it is done.
#include "gateway/net/message_deflater.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/unit/net/deflate.h"

namespace stampede::test {
namespace {

using gateway::DeflateOptions;
using gateway::MessageDeflater;
using gateway::NetMetrics;
using gateway::Slice;

std::string chat(std::size_t size) {
  std::string text;
  std::mt19937 random(5);
  while (text.size() < size)
    text += "{\"user\":" + std::to_string(random() % 100) + ",\"says\":\"hi\"},";
  return text.substr(0, size);
}

class MessageDeflaterTest : public ::testing::Test {
 protected:
  double counted(const std::string& name, const Metrics::Labels& labels = {}) {
    return metrics_.counter("stampede_gateway_" + name, "", labels).value();
  }
  /// The payload behind a WebSocket header of a server.
  static std::string payload(std::string_view frame) {
    const unsigned length7 = static_cast<unsigned char>(frame[1]);
    return std::string(frame.substr(length7 < 126 ? 2 : length7 == 126 ? 4 : 10));
  }

  Metrics metrics_;
  NetMetrics net_metrics_{metrics_};
  MessageDeflater deflater_{{.enabled = true}, net_metrics_};
};

TEST_F(MessageDeflaterTest, WhatItMakesInflatesToTheFrame) {
  for (const int level : {1, 6, 9}) {
    MessageDeflater deflater({.enabled = true, .level = level}, net_metrics_);
    for (const std::size_t size : {256u, 1000u, 5000u, 40'000u, 300'000u, 1000u}) {
      const std::string frame = chat(size);
      Slice slice = Slice::of_stomp_frame(frame);
      deflater.deflate(slice);
      ASSERT_LT(slice.deflated().size(), slice.websocket().size());
      EXPECT_EQ(inflated(payload(slice.deflated())), frame);
      EXPECT_EQ(slice.stomp(), frame);
    }
  }
}

TEST_F(MessageDeflaterTest, OfSeveralFramesEachIsCompressedByItselfWhereThatIsWorthwhile) {
  const std::string large = chat(1000);
  Slice run = Slice::of_stomp_frames({large, "small", large + "!"});
  deflater_.deflate(run);
  Slice first = Slice::of_stomp_frame(large);
  deflater_.deflate(first);
  Slice last = Slice::of_stomp_frame(large + "!");
  deflater_.deflate(last);
  EXPECT_EQ(run.deflated(), std::string(first.deflated()) +
                                std::string(Slice::of_stomp_frame("small").websocket()) +
                                std::string(last.deflated()));
  EXPECT_EQ(run.stomp(), large + "small" + large + "!");
}

TEST_F(MessageDeflaterTest, AMessageThatFitsAWindowNeedsNoLargerOne) {
  for (int bits = 9; bits <= 15; ++bits) {
    const std::string frame = chat(std::size_t{1} << bits);
    Slice slice = Slice::of_stomp_frame(frame);
    deflater_.deflate(slice);
    EXPECT_EQ(inflated(payload(slice.deflated()), bits), frame);
  }
}

TEST_F(MessageDeflaterTest, SaysThatItIsCompressedAndKeepsTextTextAndBinaryBinary) {
  Slice text = Slice::of_stomp_frame(chat(1000));
  Slice binary = Slice::of_stomp_frame(chat(1000) + "\xff");
  deflater_.deflate(text);
  deflater_.deflate(binary);
  EXPECT_EQ(text.websocket()[0], '\x81');
  EXPECT_EQ(text.deflated()[0], '\xc1');
  EXPECT_EQ(binary.deflated()[0], '\xc2');
}

TEST_F(MessageDeflaterTest, CompressesOnceForAllThatShareASlice) {
  Slice first = Slice::of_stomp_frame(chat(1000));
  Slice copy = first;
  deflater_.deflate(first);
  deflater_.deflate(copy);
  EXPECT_EQ(first.deflated().data(), copy.deflated().data());
  EXPECT_EQ(counted("deflated_total"), 1);
  EXPECT_EQ(counted("deflated_bytes_total", {{"at", "before"}}), 1000);
  EXPECT_EQ(counted("deflated_bytes_total", {{"at", "after"}}),
            static_cast<double>(payload(first.deflated()).size()));
}

TEST_F(MessageDeflaterTest, LeavesSmallFramesAsTheyAre) {
  Slice slice = Slice::of_stomp_frame(std::string(255, 'x'));
  deflater_.deflate(slice);
  EXPECT_TRUE(slice.deflate_tried());
  EXPECT_EQ(slice.deflated(), slice.websocket());
  EXPECT_EQ(counted("deflated_total"), 0);
  EXPECT_EQ(counted("deflate_useless_total"), 0);
}

TEST_F(MessageDeflaterTest, LeavesWhatDoesNotGetSmallerAsItIs) {
  std::mt19937 random(1);
  for (const std::size_t size : {256u, 10'000u, 200'000u}) {
    std::string noise(size, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    Slice slice = Slice::of_stomp_frame(noise);
    deflater_.deflate(slice);
    deflater_.deflate(slice);
    EXPECT_EQ(slice.deflated(), slice.websocket());
  }
  EXPECT_EQ(counted("deflate_useless_total"), 3);
  EXPECT_EQ(counted("deflated_total"), 0);
}

TEST_F(MessageDeflaterTest, NeverTouchesWhatIsNoStompFrame) {
  Slice control = Slice::of_websocket_only("\x89\x01x");
  Slice beat = Slice::of_heart_beat();
  MessageDeflater eager({.enabled = true, .min_bytes = 1}, net_metrics_);
  for (Slice* slice : {&control, &beat}) {
    eager.deflate(*slice);
    EXPECT_EQ(slice->deflated(), slice->websocket());
  }
}

}  // namespace
}  // namespace stampede::test
