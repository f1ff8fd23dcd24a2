#include "shared/auth/rights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stampede::auth {
namespace {

using ::testing::HasSubstr;

bool matches(std::string_view pattern, std::string_view room) {
  return RoomPattern::parse(pattern)->matches(room);
}

TEST(RoomPatternTest, MeansTheWholeName) {
  EXPECT_TRUE(matches("lobby", "lobby"));
  EXPECT_FALSE(matches("lobby", "lobby2"));
  EXPECT_FALSE(matches("lobby", "my-lobby"));
  EXPECT_FALSE(matches("lobby", "lobb"));
  EXPECT_FALSE(matches("lobby", "Lobby"));
}

TEST(RoomPatternTest, AStarIsAnyRunOfCharacters) {
  EXPECT_TRUE(matches("*", "anything.at:all"));
  EXPECT_TRUE(matches("lecture.*", "lecture.1"));
  EXPECT_TRUE(matches("lecture.*", "lecture.1.questions"));
  EXPECT_TRUE(matches("lecture.*", "lecture."));
  EXPECT_FALSE(matches("lecture.*", "lecture"));
  EXPECT_FALSE(matches("lecture.*", "lectures.1"));
  EXPECT_TRUE(matches("*.staff", "a.b.staff"));
  EXPECT_FALSE(matches("*.staff", "a.staff.b"));
  EXPECT_TRUE(matches("a*b*c", "a.b.b.c"));
  EXPECT_TRUE(matches("a**c", "ac"));
  EXPECT_FALSE(matches("a*b*c", "a.c.b"));
  EXPECT_FALSE(matches("*a", "aab"));
}

TEST(RoomPatternTest, ManyStarsCostNoTime) {
  std::string pattern;
  for (int i = 0; i < 99; ++i) pattern += "*a";
  EXPECT_FALSE(matches(pattern + "*b", std::string(200, 'a')));
  EXPECT_TRUE(matches(pattern + "*", std::string(200, 'a')));
}

TEST(RoomPatternTest, RefusesWhatNoRoomIsCalled) {
  for (const std::string& text : {std::string(), std::string("a/b"), std::string("a b"),
                                  std::string("a\0b", 3), std::string(201, 'a')}) {
    const auto pattern = RoomPattern::parse(text);
    ASSERT_FALSE(pattern) << text;
    EXPECT_THAT(pattern.error().detail, HasSubstr("1 to 200 characters"));
  }
  EXPECT_TRUE(RoomPattern::parse(std::string(200, '*')));
}

TEST(RightsTest, AllowNothingUnlessARuleSaysSo) {
  const Rights rights = *parse_rights("lecture.*=read,send;*=read");
  EXPECT_TRUE(rights.allow(RoomName("lecture.1"), Verb::kRead));
  EXPECT_TRUE(rights.allow(RoomName("lecture.1"), Verb::kSend));
  EXPECT_FALSE(rights.allow(RoomName("lecture.1"), Verb::kPresence));
  EXPECT_TRUE(rights.allow(RoomName("lobby"), Verb::kRead));
  EXPECT_FALSE(rights.allow(RoomName("lobby"), Verb::kSend));
  EXPECT_FALSE(Rights().allow(RoomName("lobby"), Verb::kRead));
}

TEST(RightsTest, EverythingIsEveryVerbInEveryRoom) {
  const Rights rights = Rights::everything();
  for (const Verb verb : {Verb::kRead, Verb::kSend, Verb::kPresence}) {
    EXPECT_TRUE(rights.allow(RoomName("any.room:at-all"), verb)) << to_string(verb);
  }
}

TEST(RightsTest, AreWrittenAsTheyAreRead) {
  for (const char* text : {"none", "*=read", "lecture.*=read,send;*=read,send,presence,direct"}) {
    EXPECT_EQ(parse_rights(text)->str(), text);
  }
  EXPECT_EQ(parse_rights(" a = send , read ;b=read;")->str(), "a=read,send;b=read");
  EXPECT_TRUE(parse_rights("none")->empty());
}

TEST(RightsTest, SayWhichRuleIsWrongAndWhatIsAllowed) {
  const auto detail = [](std::string_view text) { return parse_rights(text).error().detail; };
  EXPECT_THAT(detail(""), HasSubstr("like lecture.*=read,send"));
  EXPECT_THAT(detail("*=read;lobby"), HasSubstr("rule \"lobby\": a rule is <rooms>=<verbs>"));
  EXPECT_THAT(detail("*=write"),
              HasSubstr("rule \"*=write\": a verb is read, send, presence or direct"));
  EXPECT_THAT(detail("*="), HasSubstr("read, send, presence or direct"));
  EXPECT_THAT(detail("*=read,,send"), HasSubstr("read, send, presence or direct"));
  EXPECT_THAT(detail("a/b=read"), HasSubstr("A-Z a-z 0-9"));
  EXPECT_THAT(detail("*=none"), HasSubstr("read, send, presence or direct"));
  EXPECT_THAT(detail("a=read;;b=read"), HasSubstr("rule \"\""));
  EXPECT_THAT(detail("a=read;\xff=read"), HasSubstr("rule 2: rooms are named by"));
  EXPECT_THAT(detail("a=read;b=read," + std::string(100, 'x')), HasSubstr("rule 2: a verb is"));
}

TEST(RightsTest, AreBounded) {
  std::string text;
  for (std::size_t i = 0; i < Rights::kMaxRules; ++i)
    text += "room-" + std::to_string(i) + "=read;";
  EXPECT_TRUE(parse_rights(text));
  const auto more = parse_rights(text + "one.more=read");
  ASSERT_FALSE(more);
  EXPECT_TRUE(more.error().is(Errc::kTooLarge));
  EXPECT_THAT(more.error().detail, HasSubstr("256"));
}

}  // namespace
}  // namespace stampede::auth
