#include "gateway/session/outbox.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

namespace stampede::test {
namespace {

using gateway::Framing;
using gateway::Outbox;
using gateway::Slice;

/// Writes `at_most` bytes of what `gather` gives, as a socket would.
std::string write(Outbox& outbox, std::size_t at_most) {
  std::array<iovec, 64> buffers;
  const std::size_t count = outbox.gather(buffers);
  std::string written;
  for (std::size_t i = 0; i < count && written.size() < at_most; ++i) {
    written.append(static_cast<const char*>(buffers[i].iov_base),
                   std::min(buffers[i].iov_len, at_most - written.size()));
  }
  outbox.consume(written.size());
  return written;
}

TEST(OutboxTest, GivesFramesInOrderInTheFormOfItsTransport) {
  for (const Framing framing : {Framing::kWebSocket, Framing::kStomp}) {
    Outbox outbox(framing, 1000);
    ASSERT_TRUE(outbox.push(Slice::of_stomp_frame("one")));
    ASSERT_TRUE(outbox.push(Slice::of_stomp_frame("two")));
    const std::string expected = framing == Framing::kStomp ? "onetwo" : "\x81\x03one\x81\x03two";
    EXPECT_EQ(outbox.bytes(), expected.size());
    EXPECT_EQ(write(outbox, 1000), expected);
    EXPECT_TRUE(outbox.empty());
    EXPECT_EQ(outbox.bytes(), 0u);
  }
}

Slice compressible(char letter, std::size_t frame_bytes, std::string_view payload) {
  Slice slice = Slice::of_stomp_frame(std::string(frame_bytes, letter));
  slice.set_deflated([&](std::string_view) { return payload; });
  return slice;
}

TEST(OutboxTest, GivesTheCompressedFormOfWhatIsSmallEnoughForThePeer) {
  Outbox outbox(Framing::kWebSocket, 10'000);
  outbox.take_deflated(100);
  ASSERT_TRUE(outbox.push(compressible('a', 100, "A")));
  ASSERT_TRUE(outbox.push(compressible('b', 101, "B")));
  ASSERT_TRUE(outbox.push(compressible('c', 10, "")));
  EXPECT_EQ(write(outbox, 1000),
            "\xc1\x01"
            "A"
            "\x81\x65" +
                std::string(101, 'b') + "\x81\x0a" + std::string(10, 'c'));
  EXPECT_EQ(outbox.held_bytes(), 0u);
}

TEST(OutboxTest, BoundsACompressedFrameByWhatItIsUncompressed) {
  Outbox outbox(Framing::kWebSocket, 300);
  outbox.take_deflated(1000);
  ASSERT_TRUE(outbox.push(compressible('a', 198, "12345678")));
  EXPECT_EQ(outbox.bytes(), 10u);
  EXPECT_EQ(outbox.held_bytes(), 202u);  // with a header of four bytes
  ASSERT_TRUE(outbox.push(compressible('b', 198, "12345678")));
  EXPECT_FALSE(outbox.push(compressible('c', 198, "12345678")));
  write(outbox, 5);
  EXPECT_EQ(outbox.held_bytes(), 399u);
  EXPECT_EQ(outbox.drop_unsent(), 10u);
  EXPECT_EQ(outbox.held_bytes(), 197u);
  write(outbox, 5);
  EXPECT_EQ(outbox.held_bytes(), 0u);
}

TEST(OutboxTest, GoesOnInTheMiddleOfAFrame) {
  Outbox outbox(Framing::kStomp, 1000);
  ASSERT_TRUE(outbox.push(Slice::of_stomp_frame("abcdef")));
  ASSERT_TRUE(outbox.push(Slice::of_stomp_frame("ghi")));
  EXPECT_EQ(write(outbox, 4), "abcd");
  EXPECT_EQ(write(outbox, 3), "efg");
  EXPECT_EQ(outbox.bytes(), 2u);
  EXPECT_EQ(outbox.slices(), 1u);
  EXPECT_EQ(write(outbox, 100), "hi");
}

TEST(OutboxTest, RefusesOnceItsBoundIsReached) {
  Outbox outbox(Framing::kStomp, 10);
  EXPECT_TRUE(outbox.push(Slice::of_stomp_frame("123456789")));
  EXPECT_TRUE(outbox.push(Slice::of_stomp_frame("a frame may go over the bound")));
  EXPECT_FALSE(outbox.push(Slice::of_stomp_frame("x")));
  EXPECT_EQ(outbox.slices(), 2u);
  outbox.push_anyway(Slice::of_stomp_frame("last words"));
  EXPECT_EQ(outbox.slices(), 3u);
  write(outbox, 1000);
  EXPECT_TRUE(outbox.push(Slice::of_stomp_frame("x")));
}

TEST(OutboxTest, DropsEverythingButTheFrameThatIsPartlyWritten) {
  Outbox outbox(Framing::kStomp, 1000);
  for (const char* frame : {"abc", "def", "ghi"}) {
    ASSERT_TRUE(outbox.push(Slice::of_stomp_frame(frame)));
  }
  write(outbox, 4);
  EXPECT_EQ(outbox.drop_unsent(), 3u);
  EXPECT_EQ(outbox.bytes(), 2u);
  outbox.push_anyway(Slice::of_stomp_frame("!"));
  EXPECT_EQ(write(outbox, 100), "ef!");
  ASSERT_TRUE(outbox.push(Slice::of_stomp_frame("jkl")));
  EXPECT_EQ(outbox.drop_unsent(), 3u);
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.drop_unsent(), 0u);
}

TEST(OutboxTest, GathersNoMoreThanItIsGivenPlacesFor) {
  Outbox outbox(Framing::kStomp, 1000);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(outbox.push(Slice::of_stomp_frame("x")));
  std::array<iovec, 64> buffers;
  EXPECT_EQ(outbox.gather(buffers), 64u);
  EXPECT_EQ(write(outbox, 1000), std::string(64, 'x'));
  EXPECT_EQ(write(outbox, 1000), std::string(36, 'x'));
}

TEST(OutboxTest, GivesFramesMadeTogetherAsOneBuffer) {
  const Slice run = Slice::of_stomp_frames({"one", "two", "three"});
  for (const Framing framing : {Framing::kWebSocket, Framing::kStomp}) {
    Outbox outbox(framing, 1000);
    ASSERT_TRUE(outbox.push(Slice::of_stomp_frame("zero")));
    ASSERT_TRUE(outbox.push(run));
    std::array<iovec, 64> buffers;
    EXPECT_EQ(outbox.gather(buffers), 2u);
    EXPECT_EQ(outbox.gather(std::span(buffers).first(1)), 1u);
    const std::string all = framing == Framing::kWebSocket
                                ? "\x81\x04zero\x81\x03one\x81\x03two\x81\x05three"
                                : "zeroonetwothree";
    EXPECT_EQ(outbox.bytes(), all.size());
    std::string written = write(outbox, 9);
    written += write(outbox, 5);
    written += write(outbox, 1000);
    EXPECT_EQ(written, all);
    EXPECT_TRUE(outbox.empty());
  }
}

TEST(OutboxTest, KeepsWhatIsPartlyWrittenOfFramesMadeTogether) {
  for (const Framing framing : {Framing::kWebSocket, Framing::kStomp}) {
    Outbox outbox(framing, 1000);
    ASSERT_TRUE(outbox.push(Slice::of_stomp_frames({"one", "two"})));
    ASSERT_TRUE(outbox.push(Slice::of_stomp_frames({"three", "four"})));
    const std::string whole = framing == Framing::kWebSocket ? "\x81\x03one\x81\x03two" : "onetwo";
    EXPECT_EQ(write(outbox, 2), whole.substr(0, 2));
    outbox.drop_unsent();
    EXPECT_EQ(outbox.bytes(), whole.size() - 2);
    EXPECT_EQ(write(outbox, 1000), whole.substr(2));
    EXPECT_TRUE(outbox.empty());
    EXPECT_EQ(outbox.held_bytes(), 0u);
  }
}

TEST(OutboxTest, CountsTheCopyThatATcpStreamNeedsOfFramesMadeTogether) {
  const Slice run = Slice::of_stomp_frames({"123", "456"});
  Outbox tcp(Framing::kStomp, 1000);
  ASSERT_TRUE(tcp.push(run));
  EXPECT_EQ(tcp.bytes(), 6u);
  EXPECT_EQ(tcp.held_bytes(), 16u);
  Outbox websocket(Framing::kWebSocket, 1000);
  ASSERT_TRUE(websocket.push(run));
  EXPECT_EQ(websocket.held_bytes(), 10u);
}

TEST(OutboxTest, GathersNoMoreThanASocketTakes) {
  Outbox outbox(Framing::kStomp, 2'000'000);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(outbox.push(Slice::of_stomp_frame(std::string(10'000, 'x'))));
  }
  std::array<iovec, 64> buffers;
  const std::size_t count = outbox.gather(buffers);
  EXPECT_GE(count, 26u) << "256 KiB";
  EXPECT_LE(count, 27u);
}

TEST(OutboxTest, LeavesOutWhatATransportHasNoFormOf) {
  Outbox tcp(Framing::kStomp, 1000);
  tcp.push_anyway(Slice::of_websocket_only("\x8a\x00"));
  EXPECT_TRUE(tcp.empty());
  Outbox websocket(Framing::kWebSocket, 1000);
  websocket.push_anyway(Slice::of_websocket_only("pong"));
  EXPECT_EQ(write(websocket, 1000), "pong");
}

TEST(OutboxTest, LosesNothingUnderRandomWrites) {
  std::mt19937 random(7);
  Outbox outbox(Framing::kStomp, 5000);
  std::string expected;
  std::string got;
  for (int step = 0; step < 20'000; ++step) {
    const std::string frame(1 + random() % 40, static_cast<char>('a' + step % 26));
    if (outbox.push(Slice::of_stomp_frame(frame))) expected += frame;
    if (random() % 3 == 0) got += write(outbox, random() % 200);
    ASSERT_EQ(outbox.bytes(), expected.size() - got.size());
  }
  while (!outbox.empty()) got += write(outbox, 1000);
  EXPECT_EQ(got, expected);
}

}  // namespace
}  // namespace stampede::test
