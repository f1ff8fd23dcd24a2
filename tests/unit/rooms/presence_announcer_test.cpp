#include "gateway/rooms/presence_announcer.h"

#include <gmock/gmock.h>

#include "shared/adapters/memory/memory.h"
#include "tests/support/fake_bus.h"
#include "tests/support/fake_clock.h"
#include "tests/support/manual_executor.h"

namespace stampede::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const RoomName kRoom = *parse_room_name("lobby");

class PresenceAnnouncerTest : public testing::Test {
 protected:
  void SetUp() override {
    fanout_.attach(executor_, [this](const std::vector<MessageRef>& batch) {
      for (const MessageRef& message : batch) here_.push_back(text_of(*message));
    });
    fanout_.set_interest(0, partition_of(kRoom), true);
    announcer_.start();
  }

  static std::string text_of(const Message& message) {
    std::string text = message.headers.at(0).value + " " + message.headers.at(1).value;
    if (message.headers.size() > 2) text += " " + message.headers.at(2).value;
    return text;
  }
  void enter(memory::MemoryDirectory& at, const std::string& name) {
    at.enter({Member{kRoom, SessionId(name), UserId(name), 1}},
             Reply<std::vector<Result<Seq>>>(executor_, [](const auto&) {}));
    executor_.run();
  }
  void leave(memory::MemoryDirectory& at, const std::string& name) {
    at.leave({Member{kRoom, SessionId(name), UserId(name), 1}});
    executor_.run();
  }

  test::FakeClock clock_;
  test::ManualExecutor executor_;
  Metrics metrics_;
  test::FakeBus bus_;
  LocalFanout fanout_;
  memory::MemoryRooms rooms_{{}, clock_};
  memory::MemoryDirectory directory_{rooms_};
  memory::MemoryDirectory elsewhere_{rooms_};
  PresenceAnnouncer announcer_{executor_,  clock_, GatewayId("me"), {.most_listed = 3},
                               directory_, bus_,   fanout_,         metrics_};
  std::vector<std::string> here_;
};

TEST_F(PresenceAnnouncerTest, TellsThisGatewayAndThoseWhoHaveMembers) {
  enter(directory_, "ann");
  EXPECT_THAT(here_, ElementsAre("join 1 ann"));
  EXPECT_THAT(bus_.published, IsEmpty()) << "nobody is elsewhere";
  enter(elsewhere_, "bob");
  enter(directory_, "eve");
  leave(directory_, "ann");
  EXPECT_THAT(here_, ElementsAre("join 1 ann", "join 3 eve", "leave 2 ann"))
      << "bob's gateway tells of bob";
  ASSERT_THAT(bus_.published, SizeIs(2));
  const Message& told = *bus_.published[1];
  EXPECT_EQ(text_of(told), "leave 2 ann");
  EXPECT_EQ(told.kind, MessageKind::kPresence);
  EXPECT_EQ(told.origin, GatewayId("me"));
  EXPECT_EQ(told.position.prev, bus_.published[0]->position.seq);
  EXPECT_TRUE(told.sender.empty());
}

TEST_F(PresenceAnnouncerTest, ChangesOfALargeRoomAreANumberOnceASecond) {
  enter(elsewhere_, "x");
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) enter(directory_, name);
  EXPECT_THAT(here_, ElementsAre("join 2 a", "join 3 b", "count 4"));
  executor_.advance(Milliseconds(1'000));
  EXPECT_THAT(here_, ElementsAre("join 2 a", "join 3 b", "count 4", "count 7"));
  executor_.advance(Milliseconds(5'000));
  EXPECT_THAT(here_, SizeIs(4)) << "nothing new";
  EXPECT_THAT(bus_.published, SizeIs(4));
  enter(directory_, "g");
  EXPECT_THAT(here_, SizeIs(5)) << "the first after a pause is told at once";
}

TEST_F(PresenceAnnouncerTest, ANumberThatIsHeldBackIsNotToldAfterWhatCameLater) {
  for (const char* name : {"a", "b", "c", "d", "e"}) enter(directory_, name);
  for (const char* name : {"a", "b"}) leave(directory_, name);
  EXPECT_EQ(here_.back(), "leave 3 b");
  const std::size_t told = here_.size();
  executor_.advance(Milliseconds(2'000));
  EXPECT_THAT(here_, SizeIs(told));
}

}  // namespace
}  // namespace stampede::gateway
