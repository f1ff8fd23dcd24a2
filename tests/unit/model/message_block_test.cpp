#include "shared/model/message_block.h"

#include <gtest/gtest.h>

namespace stampede {
namespace {

MessageRef message(Seq seq, std::string body) {
  Message made;
  made.id = new_message_id();
  made.room = RoomName("lobby");
  made.position = {seq, seq - 1};
  made.sender = UserId("ann");
  made.headers = {{"x", "1"}, {"x", "2"}};
  made.body = std::move(body);
  return std::make_shared<const Message>(std::move(made));
}

MessageBlock sample() {
  return {{message(5, "hi"), message(6, std::string("zero\0 and \xff", 11)), message(7, "")},
          true,
          false};
}

TEST(MessageBlockTest, ComesBackAsItWas) {
  const MessageBlock block = sample();
  const auto back = decode_message_block(encode_message_block(block));
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_TRUE(back->older);
  EXPECT_FALSE(back->newer);
  ASSERT_EQ(back->messages.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(*back->messages[i], *block.messages[i]);
}

TEST(MessageBlockTest, MayBeEmpty) {
  const auto back = decode_message_block(encode_message_block({{}, false, true}));
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->messages.empty());
  EXPECT_TRUE(back->newer);
}

TEST(MessageBlockTest, APieceOfOneIsRefusedOrEndsAtAMessage) {
  const std::string whole = encode_message_block(sample());
  std::size_t accepted = 0;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    if (decode_message_block(whole.substr(0, length))) ++accepted;
  }
  EXPECT_EQ(accepted, 3u) << "after none, one and two messages";
}

TEST(MessageBlockTest, AnotherVersionIsRefusedByNumber) {
  std::string bytes = encode_message_block(sample());
  bytes[0] = 9;
  EXPECT_NE(decode_message_block(bytes).error().detail.find("version 9"), std::string::npos);
}

}  // namespace
}  // namespace stampede
