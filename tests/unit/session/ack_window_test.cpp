#include "gateway/session/ack_window.h"

#include <gtest/gtest.h>

namespace stampede::gateway {
namespace {

MessageRef message(const std::string& body) {
  auto made = std::make_shared<Message>();
  made->id = new_message_id();
  made->body = body;
  return made;
}

std::string bodies(AckWindow& window) {
  std::string out;
  while (const auto next = window.next()) {
    out += next->message->body;
    if (next->redelivered) out += '!';
  }
  return out;
}

void add(AckWindow& window, const std::string& letters) {
  for (const char c : letters) ASSERT_TRUE(window.add(message(std::string(1, c))));
}

TEST(AckWindowTest, SendsNoMoreThanThePrefetch) {
  HeldBytes held{100};
  AckWindow window(AckMode::kClientIndividual, 2, held);
  add(window, "abcd");
  EXPECT_EQ(bodies(window), "ab");
  EXPECT_EQ(window.waiting_bytes(), 2u);
  window.ack(1);
  EXPECT_EQ(bodies(window), "c");
  EXPECT_EQ(window.unacknowledged(), 2u);
}

TEST(AckWindowTest, WithoutAPrefetchNothingWaits) {
  HeldBytes held{100};
  AckWindow window(AckMode::kClient, 0, held);
  add(window, "abcdef");
  EXPECT_EQ(bodies(window), "abcdef");
}

TEST(AckWindowTest, ClientModeIsCumulative) {
  HeldBytes held{100};
  AckWindow window(AckMode::kClient, 3, held);
  add(window, "abcdef");
  EXPECT_EQ(bodies(window), "abc");
  window.ack(2);
  EXPECT_EQ(bodies(window), "de");
  window.ack(2);
  EXPECT_EQ(bodies(window), "") << "given before";
  EXPECT_EQ(window.unacknowledged(), 3u);
}

TEST(AckWindowTest, IndividualModeSpeaksForOne) {
  HeldBytes held{100};
  AckWindow window(AckMode::kClientIndividual, 3, held);
  add(window, "abcdef");
  bodies(window);
  window.ack(3);
  window.ack(3);
  EXPECT_EQ(bodies(window), "d");
}

TEST(AckWindowTest, ANackedMessageComesAgainFirst) {
  HeldBytes held{100};
  AckWindow window(AckMode::kClientIndividual, 2, held);
  add(window, "abc");
  bodies(window);
  window.nack(1, true);
  EXPECT_EQ(bodies(window), "a!");
  window.nack(2, false);
  EXPECT_EQ(bodies(window), "c") << "without requeue it is settled";
}

TEST(AckWindowTest, ACumulativeNackKeepsTheOrder) {
  HeldBytes held{100};
  AckWindow window(AckMode::kClient, 0, held);
  add(window, "abc");
  bodies(window);
  window.nack(3, true);
  EXPECT_EQ(bodies(window), "a!b!c!");
}

TEST(AckWindowTest, RefusesWhenTooMuchWaits) {
  HeldBytes held{5};
  AckWindow window(AckMode::kClient, 1, held);
  add(window, "a");
  EXPECT_EQ(bodies(window), "a");
  add(window, "bcde");
  EXPECT_EQ(window.waiting_bytes(), 4u);
  EXPECT_FALSE(window.add(message("f")));
  window.ack(1);
  bodies(window);
  EXPECT_TRUE(window.add(message("f")));
}

TEST(AckWindowTest, WhatWasSentIsHeldUntilItIsAcknowledged) {
  HeldBytes held{3};
  AckWindow window(AckMode::kClientIndividual, 0, held);
  add(window, "abc");
  EXPECT_EQ(bodies(window), "abc");
  EXPECT_FALSE(window.add(message("d")));
  window.nack(1, true);
  EXPECT_EQ(held.used, 3u) << "it waits again";
  EXPECT_EQ(bodies(window), "a!");
  window.nack(2, false);
  EXPECT_EQ(held.used, 2u);
  EXPECT_TRUE(window.add(message("d")));
}

TEST(AckWindowTest, TheWindowsOfASessionHoldTogetherAndGiveBackAtTheirEnd) {
  HeldBytes held{4};
  AckWindow one(AckMode::kClient, 1, held);
  {
    AckWindow other(AckMode::kClient, 1, held);
    add(other, "abc");
    EXPECT_EQ(bodies(other), "a");
    add(one, "d");
    EXPECT_FALSE(one.add(message("e")));
  }
  EXPECT_EQ(held.used, 1u);
  EXPECT_TRUE(one.add(message("e")));
}

TEST(AckWindowTest, KnowsWhatItGaveOut) {
  HeldBytes held{100};
  AckWindow window(AckMode::kClient, 0, held);
  const MessageRef one = message("a");
  ASSERT_TRUE(window.add(one));
  EXPECT_FALSE(window.issued(1));
  bodies(window);
  EXPECT_TRUE(window.issued(1));
  EXPECT_FALSE(window.issued(0));
  EXPECT_FALSE(window.issued(2));
  EXPECT_EQ(window.find(one->id), 1u);
  window.ack(1);
  EXPECT_FALSE(window.find(one->id));
}

}  // namespace
}  // namespace stampede::gateway
