#include "gateway/config/room_capacity.h"

#include <gmock/gmock.h>

namespace stampede::gateway {
namespace {

using testing::HasSubstr;

TEST(RoomCapacityTest, TheFirstPatternThatMatchesDecides) {
  const auto capacities = RoomCapacities::parse("quiz.final=500; quiz.*=100;lobby = 3");
  ASSERT_TRUE(capacities) << capacities.error().detail;
  EXPECT_EQ(capacities->of(RoomName("quiz.final")), 500U);
  EXPECT_EQ(capacities->of(RoomName("quiz.one")), 100U);
  EXPECT_EQ(capacities->of(RoomName("lobby")), 3U);
  EXPECT_EQ(capacities->of(RoomName("garden")), 0U) << "no limit";
  EXPECT_EQ(capacities->str(), "quiz.final=500;quiz.*=100;lobby=3");
}

TEST(RoomCapacityTest, SaysWhichEntryIsWrongAndWhatIsAllowed) {
  const auto detail = [](std::string_view text) {
    const auto parsed = RoomCapacities::parse(text);
    return parsed ? std::string("accepted") : parsed.error().detail;
  };
  EXPECT_THAT(detail("lobby"), HasSubstr("entry 1: it is <rooms>=<number of users>"));
  EXPECT_THAT(detail("a=1;b=0"), HasSubstr("entry 2: the number of users is 1 to 10000000"));
  EXPECT_THAT(detail("a=1;b=-1"), HasSubstr("entry 2"));
  EXPECT_THAT(detail("a=1x"), HasSubstr("entry 1"));
  EXPECT_THAT(detail("a=99999999"), HasSubstr("entry 1"));
  EXPECT_THAT(detail("a b=1"), HasSubstr("entry 1: rooms are named by"));
  EXPECT_THAT(detail("a=1;"), HasSubstr("entry 2"));
  EXPECT_THAT(detail(""), HasSubstr("entry 1"));
}

}  // namespace
}  // namespace stampede::gateway
