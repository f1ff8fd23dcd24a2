#include "shared/base/ids.h"

#include <gtest/gtest.h>

#include <set>

namespace stampede {
namespace {

TEST(RoomNameTest, AcceptsTheWholeAlphabet) {
  EXPECT_EQ(parse_room_name("Lecture.42_a:b-c")->str(), "Lecture.42_a:b-c");
  EXPECT_TRUE(parse_room_name(std::string(kMaxRoomNameBytes, 'x')));
}

TEST(RoomNameTest, SaysWhichCharacterIsWrong) {
  const auto space = parse_room_name("my room");
  ASSERT_FALSE(space);
  EXPECT_TRUE(space.error().is(Errc::kInvalidArgument));
  EXPECT_NE(space.error().detail.find("character 3 is a space"), std::string::npos);
  EXPECT_NE(parse_room_name("a*").error().detail.find("'*'"), std::string::npos);
  EXPECT_NE(parse_room_name("a\xc3").error().detail.find("0xc3"), std::string::npos);
}

TEST(RoomNameTest, SaysTheLengthThatIsAllowed) {
  EXPECT_NE(parse_room_name("").error().detail.find("this one has 0"), std::string::npos);
  const auto longer = parse_room_name(std::string(kMaxRoomNameBytes + 1, 'x'));
  EXPECT_NE(longer.error().detail.find("1 to 200"), std::string::npos);
}

TEST(UserIdTest, IsUtf8WithoutControlCharacters) {
  EXPECT_TRUE(parse_user_id("Zoë 王"));
  EXPECT_FALSE(parse_user_id(""));
  EXPECT_FALSE(parse_user_id("a\nb"));
  EXPECT_FALSE(parse_user_id("\xff"));
  EXPECT_FALSE(parse_user_id(std::string(kMaxUserIdBytes + 1, 'x')));
}

TEST(MessageIdTest, IsAVersion7UuidThatIncreases) {
  MessageId last;
  std::set<MessageId> seen;
  for (int i = 0; i < 10'000; ++i) {
    const MessageId id = new_message_id();
    EXPECT_EQ(id.bytes[6] >> 4, 7);
    EXPECT_EQ(id.bytes[8] >> 6, 2);
    EXPECT_LT(last, id);
    EXPECT_TRUE(seen.insert(id).second);
    last = id;
  }
}

TEST(MessageIdTest, TextFormRoundTrips) {
  const MessageId id = new_message_id();
  const std::string text = to_string(id);
  EXPECT_EQ(text.size(), 36u);
  EXPECT_EQ(*parse_message_id(text), id);
  for (const char* bad : {"", "0190", "0190b6f4x7d5a-7000-8000-000000000000",
                          "g190b6f4-7d5a-7000-8000-000000000000"}) {
    EXPECT_FALSE(parse_message_id(bad)) << bad;
  }
}

}  // namespace
}  // namespace stampede
