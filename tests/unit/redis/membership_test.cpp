#include "shared/adapters/redis/membership.h"

#include <gtest/gtest.h>

namespace stampede::redis {
namespace {

Member member(const std::string& room, const std::string& session) {
  return {RoomName(room), SessionId(session), UserId("ann"), 7};
}

TEST(MembershipTest, KnowsRoomsWhileSomebodyIsIn) {
  Membership membership;
  membership.enter(member("lobby", "s1"));
  membership.enter(member("lobby", "s1"));
  membership.enter(member("lobby", "s2"));
  EXPECT_EQ(membership.all().size(), 2U);
  EXPECT_TRUE(membership.has(RoomName("lobby"), SessionId("s2")));
  EXPECT_TRUE(membership.leave(member("lobby", "s1")));
  EXPECT_TRUE(membership.has(RoomName("lobby")));
  EXPECT_TRUE(membership.leave(member("lobby", "s2")));
  EXPECT_FALSE(membership.has(RoomName("lobby")));
  EXPECT_FALSE(membership.has(RoomName("lobby"), SessionId("s2")));
  EXPECT_TRUE(membership.all().empty());
}

TEST(MembershipTest, SaysWhoWasNotThere) {
  Membership membership;
  EXPECT_FALSE(membership.leave(member("lobby", "s1")));
  membership.enter(member("lobby", "s1"));
  EXPECT_FALSE(membership.leave(member("lobby", "s2")));
  EXPECT_FALSE(membership.leave(member("garden", "s1")));
  EXPECT_TRUE(membership.leave(member("lobby", "s1")));
}

TEST(MembershipTest, KeepsWhoAndSinceWhen) {
  Membership membership;
  membership.enter(member("lobby", "s1"));
  const auto all = membership.all();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].user, UserId("ann"));
  EXPECT_EQ(all[0].since_ms, 7);
}

TEST(GroupByRoomTest, KeepsTheOrderInsideARoomAndSplitsAtTheLimit) {
  const std::vector<RoomName> rooms{RoomName("a"), RoomName("b"), RoomName("a"),
                                    RoomName("a"), RoomName("b"), RoomName("a")};
  const auto groups =
      group_by_room(rooms.size(), 3, [&](std::size_t i) -> const RoomName& { return rooms[i]; });
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0].room, RoomName("a"));
  EXPECT_EQ(groups[0].indices, (std::vector<std::size_t>{0, 2, 3}));
  EXPECT_EQ(groups[1].indices, (std::vector<std::size_t>{1, 4}));
  EXPECT_EQ(groups[2].room, RoomName("a"));
  EXPECT_EQ(groups[2].indices, (std::vector<std::size_t>{5}));
}

TEST(GroupByRoomTest, HasNoGroupOfNothing) {
  const RoomName none;
  EXPECT_TRUE(group_by_room(0, 3, [&](std::size_t) -> const RoomName& { return none; }).empty());
}

TEST(MembershipTest, WhoHasNotBeenLetInIsNotRegisteredAgain) {
  Membership membership;
  Member asks = member("lobby", "s1");
  asks.capacity = 10;
  membership.enter(asks);
  EXPECT_TRUE(membership.has(RoomName("lobby"), SessionId("s1")));
  EXPECT_TRUE(membership.all().empty());
  membership.let_in(asks);
  EXPECT_EQ(membership.all().size(), 1U);
  membership.enter(asks);
  EXPECT_EQ(membership.all().size(), 1U) << "a second subscription asks again, and is in meanwhile";
  EXPECT_TRUE(membership.leave(asks));
  membership.let_in(asks);
  EXPECT_FALSE(membership.has(RoomName("lobby"))) << "an answer that comes late";
}

}  // namespace
}  // namespace stampede::redis
