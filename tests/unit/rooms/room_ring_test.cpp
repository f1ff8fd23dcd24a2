#include "gateway/rooms/room_ring.h"

#include <gtest/gtest.h>

namespace stampede::gateway {
namespace {

MessageRef message(Seq seq, std::size_t body_bytes = 0) {
  Message made;
  made.position = {seq, seq - 1};
  made.body.assign(body_bytes, 'x');
  return std::make_shared<const Message>(made);
}

std::vector<MessageRef> messages(Seq first, Seq last) {
  std::vector<MessageRef> out;
  for (Seq seq = first; seq <= last; ++seq) out.push_back(message(seq));
  return out;
}

class RoomRingTest : public testing::Test {
 protected:
  void append(Seq first, Seq last) {
    for (const MessageRef& one : messages(first, last)) ring_.append(one);
  }
  std::vector<Seq> after(Seq since) const {
    std::vector<Seq> out;
    for (auto at = ring_.after(since); at != ring_.messages().end(); ++at) {
      out.push_back((*at)->position.seq);
    }
    return out;
  }

  RoomRing ring_{{.messages = 8, .bytes = 1'000'000}};
};

TEST_F(RoomRingTest, GivesEverythingAfterAPosition) {
  ring_.restart(10);
  EXPECT_TRUE(ring_.covers(10));
  EXPECT_FALSE(ring_.covers(9));
  append(11, 15);
  EXPECT_EQ(after(10), (std::vector<Seq>{11, 12, 13, 14, 15}));
  EXPECT_EQ(after(13), (std::vector<Seq>{14, 15}));
  EXPECT_TRUE(after(15).empty());
}

TEST_F(RoomRingTest, ForgetsTheOldestAndSaysSo) {
  ring_.restart(0);
  append(1, 30);
  EXPECT_LE(ring_.messages().size(), 10u);
  EXPECT_GE(ring_.messages().size(), 8u);
  const Seq from = ring_.from();
  EXPECT_FALSE(ring_.covers(from - 1));
  EXPECT_TRUE(ring_.covers(from));
  EXPECT_EQ(after(from).front(), from + 1);
  EXPECT_EQ(after(from).back(), 30);
}

TEST_F(RoomRingTest, KeepsItsBytesToo) {
  RoomRing ring({.messages = 100, .bytes = 10'000});
  for (Seq seq = 1; seq <= 50; ++seq) ring.append(message(seq, 1'000));
  EXPECT_LE(ring.bytes(), 10'000u);
  EXPECT_EQ(ring.messages().back()->position.seq, 50);
}

TEST_F(RoomRingTest, TakesOlderOnesThatReachIt) {
  ring_.restart(20);
  append(21, 23);
  ring_.prepend(messages(5, 22), 4);
  EXPECT_TRUE(ring_.covers(4)) << "more than the limit, for those who come back together";
  EXPECT_EQ(after(18), (std::vector<Seq>{19, 20, 21, 22, 23}));
  ring_.settle();
  EXPECT_LE(ring_.messages().size(), 10u);
  EXPECT_EQ(after(22), (std::vector<Seq>{23}));
}

TEST_F(RoomRingTest, RefusesOlderOnesThatLeaveAGap) {
  ring_.restart(20);
  append(21, 22);
  ring_.prepend(messages(5, 19), 4);
  EXPECT_FALSE(ring_.covers(19));
  EXPECT_EQ(ring_.messages().size(), 2u);
}

TEST_F(RoomRingTest, LeavesOutWhatHasNoPosition) {
  ring_.restart(20);
  ring_.append(message(kNoSeq));
  EXPECT_TRUE(ring_.messages().empty());
}

}  // namespace
}  // namespace stampede::gateway
