#include "shared/adapters/memory/memory_directory.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/manual_executor.h"

namespace stampede::test {
namespace {

class MemoryDirectoryTest : public testing::Test {
 protected:
  Sequenced send(const std::string& body, const std::string& key = {}) {
    auto message = std::make_shared<Message>();
    message->room = RoomName("lobby");
    message->sender = UserId("ann");
    message->key = key;
    message->body = body;
    Sequenced out;
    directory_.sequence(
        {{message, kNoSeq}},
        {executor_, [&](std::vector<Result<Sequenced>> results) { out = results.at(0).value(); }});
    executor_.run();
    return out;
  }
  std::size_t recent() {
    std::size_t count = 0;
    directory_.recent(
        RoomName("lobby"), kNoSeq, 10'000,
        {executor_, [&](Result<std::vector<MessageRef>> found) { count = found.value().size(); }});
    executor_.run();
    return count;
  }
  Seq enter() {
    Seq last = -1;
    directory_.enter({member_}, {executor_, [&](std::vector<Result<Seq>> entered) {
                                   last = entered.at(0).value();
                                 }});
    executor_.run();
    return last;
  }

  const Member member_{RoomName("lobby"), SessionId("s1"), UserId("ann"), 1};
  FakeClock clock_;
  ManualExecutor executor_;
  memory::MemoryRooms rooms_{{.recent_messages = 10,
                              .recent_bytes = 20'000,
                              .key_ttl = Seconds(300),
                              .idle_ttl = Seconds(600)},
                             clock_};
  memory::MemoryDirectory directory_{rooms_};
};

TEST_F(MemoryDirectoryTest, PositionsAreTheWallClockAndGoOnWhileItStands) {
  const Seq now = clock_.wall().count();
  EXPECT_EQ(send("a").position, (Position{now, 0}));
  EXPECT_EQ(send("b").position, (Position{now + 1, now}));
  clock_.advance(Seconds(1));
  EXPECT_EQ(send("c").position, (Position{now + 1'000'000, now + 1}));
}

TEST_F(MemoryDirectoryTest, PositionsGrowWhenTheWallClockGoesBack) {
  const Seq before = send("a").position.seq;
  clock_.advance(-Seconds(3600));
  EXPECT_EQ(send("b").position, (Position{before + 1, before}));
}

TEST_F(MemoryDirectoryTest, RecentIsBoundedByCount) {
  for (int i = 0; i < 25; ++i) send(std::to_string(i));
  EXPECT_EQ(recent(), 10U);
}

TEST_F(MemoryDirectoryTest, RecentIsBoundedByBytes) {
  for (int i = 0; i < 5; ++i) send(std::string(6'000, 'x'));
  EXPECT_EQ(recent(), 3U);
  send(std::string(30'000, 'x'));
  EXPECT_EQ(recent(), 0U);
}

TEST_F(MemoryDirectoryTest, ForgetsKeysAfterTheirTime) {
  const Position first = send("a", "key").position;
  clock_.advance(Seconds(299));
  EXPECT_EQ(send("a", "key").position, first);
  clock_.advance(Seconds(1));
  EXPECT_FALSE(send("a", "key").duplicate);
  clock_.advance(Seconds(299));
  EXPECT_TRUE(send("a", "key").duplicate) << "remembered anew";
}

TEST_F(MemoryDirectoryTest, KeepsAnEmptyRoomsPositionForAWhile) {
  enter();
  const Seq last = send("a").position.seq;
  directory_.leave({member_});
  clock_.advance(Seconds(599));
  EXPECT_EQ(enter(), last);
  directory_.leave({member_});
  clock_.advance(Seconds(600));
  EXPECT_EQ(enter(), kNoSeq);
  EXPECT_EQ(recent(), 0U);
}

TEST_F(MemoryDirectoryTest, NeverForgetsARoomWithMembers) {
  enter();
  const Seq last = send("a").position.seq;
  clock_.advance(Seconds(100'000));
  EXPECT_EQ(enter(), last);
  EXPECT_EQ(recent(), 1U);
}

TEST_F(MemoryDirectoryTest, MessagesToAnEmptyRoomProlongIt) {
  Seq last = kNoSeq;
  for (int i = 0; i < 10; ++i) {
    last = send("a").position.seq;
    clock_.advance(Seconds(400));
  }
  EXPECT_EQ(enter(), last);
}

TEST_F(MemoryDirectoryTest, ADestroyedGatewaysMembersAreGone) {
  {
    memory::MemoryDirectory other(rooms_);
    other.enter({member_}, {executor_, [](std::vector<Result<Seq>>) {}});
    EXPECT_TRUE(send("a").remote);
  }
  EXPECT_FALSE(send("b").remote);
}

}  // namespace
}  // namespace stampede::test
