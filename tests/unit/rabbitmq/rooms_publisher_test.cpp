#include "shared/adapters/rabbitmq/rooms_publisher.h"

#include <gtest/gtest.h>

namespace stampede::rabbitmq {
namespace {

bool dropped_first(MessageKind kind) {
  Message message;
  message.kind = kind;
  return is_dropped_first(message);
}

TEST(RoomsPublisherTest, WhatIsHealedOtherwiseOrMissedByNobodyIsDroppedFirst) {
  EXPECT_TRUE(dropped_first(MessageKind::kEphemeral));
  EXPECT_TRUE(dropped_first(MessageKind::kPresence));
  for (const MessageKind kind : {MessageKind::kChat, MessageKind::kStoreFirst, MessageKind::kDirect,
                                 MessageKind::kStored, MessageKind::kRefused}) {
    EXPECT_FALSE(dropped_first(kind)) << static_cast<int>(kind);
  }
}

}  // namespace
}  // namespace stampede::rabbitmq
