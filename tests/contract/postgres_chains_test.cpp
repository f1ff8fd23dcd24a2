// What the sweeper asks PostgreSQL. The embedded store has no such thing: its process would have to
// outlive itself.
#include <gtest/gtest.h>

#include "tests/contract/postgres_fixture.h"

namespace stampede::test {
namespace {

class PostgresChainsTest : public testing::Test {
 protected:
  using Found = Result<std::vector<StoredChain>>;

  void store(const std::string& room, std::vector<Position> positions) {
    std::vector<MessageRef> batch;
    for (const Position& position : positions) {
      batch.push_back(with_position(*make_message(room, "hello"), position));
    }
    client_.append(fixture_.store(), std::move(batch)).value();
  }
  std::vector<StoredChain> inspect(std::vector<Stretch> stretches) {
    return ask<Found>(client_.loop(),
                      [&](auto reply) {
                        fixture_.chains().inspect(std::move(stretches), std::move(reply));
                      })
        .value();
  }
  bool hold(const std::string& holder, Milliseconds time) {
    return ask<Result<bool>>(client_.loop(),
                             [&](auto reply) {
                               fixture_.chains().hold_lease("sweeper", holder, time,
                                                            std::move(reply));
                             })
        .value();
  }
  static Stretch stretch(const std::string& room, Seq after, Seq until) {
    return {RoomName(room), after, until};
  }

  PostgresFixture fixture_;
  StoreClient client_;
};

TEST_F(PostgresChainsTest, FindsTheFirstHoleOfEachRoom) {
  store("whole", {{10, 0}, {20, 10}, {30, 20}});
  store("hole", {{10, 0}, {40, 30}, {50, 40}, {70, 60}});
  const auto found = inspect({stretch("whole", 0, 100), stretch("nowhere", 0, 100),
                              stretch("hole", 0, 100), stretch("hole", 40, 100)});
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].last, 30);
  EXPECT_TRUE(found[0].hole.room.empty());
  EXPECT_EQ(found[1].last, kNoSeq);
  EXPECT_TRUE(found[1].hole.room.empty());
  EXPECT_EQ(found[2].last, 70);
  EXPECT_EQ(found[2].hole, stretch("hole", 10, 30));
  EXPECT_EQ(found[3].hole, stretch("hole", 50, 60));
}

TEST_F(PostgresChainsTest, ARoomThatIsFirstLookedAtInItsMiddleHasNoHoleThere) {
  store("lobby", {{10, 0}, {20, 10}, {30, 20}});
  EXPECT_TRUE(inspect({stretch("lobby", 15, 100)})[0].hole.room.empty());
  EXPECT_EQ(inspect({stretch("lobby", 15, 25)})[0].last, 20);
}

TEST_F(PostgresChainsTest, WhatTheStorePlacedHidesNoHole) {
  store("lobby", {{10, 0}, {25, 0}, {30, 20}});
  EXPECT_EQ(inspect({stretch("lobby", 0, 100)})[0].hole, stretch("lobby", 10, 20));
}

TEST_F(PostgresChainsTest, AChainThatBeginsAnewIsNoHole) {
  store("lobby", {{10, 0}, {20, 10}, {30, 0}, {40, 30}});
  EXPECT_TRUE(inspect({stretch("lobby", 0, 100)})[0].hole.room.empty());
}

TEST_F(PostgresChainsTest, ALeaseHasOneHolderUntilItEnds) {
  EXPECT_TRUE(hold("a", Seconds(60)));
  EXPECT_FALSE(hold("b", Seconds(60)));
  EXPECT_TRUE(hold("a", Milliseconds(1))) << "it keeps it";
  EXPECT_TRUE(eventually([&] { return hold("b", Seconds(60)); }));
  EXPECT_FALSE(hold("a", Seconds(60)));
}

}  // namespace
}  // namespace stampede::test
