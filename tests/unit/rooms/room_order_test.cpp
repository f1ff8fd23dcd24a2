#include "gateway/rooms/room_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace stampede::gateway {
namespace {

using Verdict = RoomOrder::Verdict;

MessageRef message(Seq seq, Seq prev) {
  Message made;
  made.room = *parse_room_name("r");
  made.position = {seq, prev};
  return std::make_shared<const Message>(made);
}

std::vector<Seq> positions(const std::vector<MessageRef>& messages) {
  std::vector<Seq> out;
  for (const auto& one : messages) out.push_back(one->position.seq);
  return out;
}

class RoomOrderTest : public testing::Test {
 protected:
  Verdict offer(Seq seq, Seq prev) { return order_.offer(message(seq, prev), now_, out_); }
  std::vector<Seq> delivered() const { return positions(out_); }

  RoomOrder order_;
  std::vector<MessageRef> out_;
  Clock::Instant now_{std::chrono::hours(1)};
};

TEST_F(RoomOrderTest, DeliversTheChainAsItComes) {
  order_.open(10, out_);
  EXPECT_EQ(offer(11, 10), Verdict::kDelivered);
  EXPECT_EQ(offer(15, 11), Verdict::kDelivered);
  EXPECT_EQ(delivered(), (std::vector<Seq>{11, 15}));
  EXPECT_EQ(order_.last(), 15);
}

TEST_F(RoomOrderTest, HoldsAnEarlyMessageUntilItsPredecessor) {
  order_.open(10, out_);
  EXPECT_EQ(offer(13, 12), Verdict::kHeld);
  EXPECT_EQ(offer(12, 11), Verdict::kHeld);
  EXPECT_EQ(order_.waiting_since(), now_);
  EXPECT_EQ(order_.highest(), 13);
  EXPECT_EQ(offer(11, 10), Verdict::kDelivered);
  EXPECT_EQ(delivered(), (std::vector<Seq>{11, 12, 13}));
  EXPECT_FALSE(order_.waiting_since());
}

TEST_F(RoomOrderTest, KnowsWhenItLastGotFurther) {
  order_.open(10, out_);
  offer(11, 10);
  const auto then = now_;
  now_ += Seconds(1);
  offer(14, 13);
  EXPECT_EQ(order_.progressed(), then);
  offer(12, 11);
  EXPECT_EQ(order_.progressed(), now_);
  now_ += Seconds(1);
  EXPECT_TRUE(order_.skip_gap(out_));
  EXPECT_EQ(order_.progressed(), now_ - Seconds(1)) << "going around a gap is none";
}

TEST_F(RoomOrderTest, DropsWhatWasDelivered) {
  order_.open(10, out_);
  offer(11, 10);
  EXPECT_EQ(offer(11, 10), Verdict::kStale);
  EXPECT_EQ(offer(9, 8), Verdict::kStale);
  offer(14, 13);
  EXPECT_EQ(offer(14, 13), Verdict::kStale) << "held twice";
  EXPECT_EQ(delivered(), (std::vector<Seq>{11}));
}

TEST_F(RoomOrderTest, BeforeOpenEverythingIsHeldAndHistoryIsDropped) {
  offer(12, 11);
  offer(10, 9);
  EXPECT_FALSE(order_.waiting_since()) << "nothing is missing before the position is known";
  order_.open(11, out_);
  EXPECT_EQ(delivered(), (std::vector<Seq>{12}));
}

TEST_F(RoomOrderTest, GivesAGapUpOnlyWhenTold) {
  order_.open(10, out_);
  EXPECT_FALSE(order_.skip_gap(out_));
  offer(13, 12);
  offer(14, 13);
  offer(17, 16);
  EXPECT_TRUE(order_.skip_gap(out_));
  EXPECT_EQ(delivered(), (std::vector<Seq>{13, 14}));
  EXPECT_TRUE(order_.waiting_since()) << "a second gap is still open";
  EXPECT_EQ(offer(12, 11), Verdict::kStale) << "too late: order comes before completeness";
}

TEST_F(RoomOrderTest, UnsequencedMessagesPassWithoutProof) {
  order_.open(10, out_);
  EXPECT_EQ(offer(kNoSeq, kNoSeq), Verdict::kUnsequenced);
  EXPECT_EQ(order_.last(), 10);
}

TEST_F(RoomOrderTest, AChainThatStartsAnewIsNoGap) {
  order_.open(10, out_);
  EXPECT_EQ(offer(50, kNoSeq), Verdict::kDelivered) << "the directory lost its memory";
}

TEST_F(RoomOrderTest, AChainThatStartsAnewDoesNotOvertakeWhatIsHeld) {
  order_.open(10, out_);
  offer(13, 12);
  EXPECT_EQ(offer(50, kNoSeq), Verdict::kDelivered);
  EXPECT_EQ(delivered(), (std::vector<Seq>{13, 50}));
  EXPECT_EQ(order_.held(), 0u);
}

TEST_F(RoomOrderTest, AnyPermutationWithDuplicatesComesOutInOrder) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    std::mt19937 random(seed);
    std::vector<MessageRef> sent;
    for (Seq seq = 1; seq <= 40; ++seq) sent.push_back(message(100 + seq, 99 + seq));
    for (int i = 0; i < 10; ++i) sent.push_back(sent[random() % 40]);
    std::shuffle(sent.begin(), sent.end(), random);
    RoomOrder order;
    std::vector<MessageRef> out;
    const std::size_t opened_at = random() % sent.size();
    for (std::size_t i = 0; i < sent.size(); ++i) {
      if (i == opened_at) order.open(100, out);
      order.offer(sent[i], now_, out);
    }
    ASSERT_EQ(out.size(), 40u) << "seed " << seed;
    for (Seq seq = 1; seq <= 40; ++seq) {
      ASSERT_EQ(out[static_cast<std::size_t>(seq - 1)]->position.seq, 100 + seq) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace stampede::gateway
