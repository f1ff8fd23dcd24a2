#include <gmock/gmock.h>

#include <ctime>

#include "gateway/rooms/presence_announcer.h"
#include "gateway/rooms/presence_messages.h"
#include "tests/unit/rooms/room_fixture.h"

namespace stampede::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class RoomWatchingTest : public RoomRegistryTest {
 protected:
  void SetUp() override {
    RoomRegistryTest::SetUp();
    announcer_.start();
    elsewhere_announcer_.start();
  }

  void watch(Listener& listener, const std::string& user, const std::string& session) {
    subscribe(listener, session, {}, user);
    executor_.run();
  }
  void leave(Listener& listener, const std::string& session,
             RoomRegistry::Leaving how = RoomRegistry::Leaving::kAtOnce) {
    registry_.unsubscribe(kRoom, SessionId(session), listener, how);
    executor_.run();
  }
  void enter_elsewhere(const std::string& name) {
    elsewhere_.enter({Member{kRoom, SessionId(name), UserId(name), 5}},
                     Reply<std::vector<Result<Seq>>>(executor_, [](const auto&) {}));
    executor_.run();
  }
  void leave_elsewhere(const std::string& name) {
    elsewhere_.leave({Member{kRoom, SessionId(name), UserId(name), 5}});
    executor_.run();
  }
  /// What the other gateway's announcements bring here.
  void arrive() {
    bus_.arrive(std::exchange(elsewhere_bus_.published, {}));
    executor_.run();
  }
  /// The event of each frame, with the user and the number of users.
  static std::vector<std::string> events(const Listener& listener) {
    std::vector<std::string> out;
    for (const std::string& frame : listener.frames) {
      std::string text = value_of(frame, "event");
      if (const std::string user = value_of(frame, "user"); !user.empty()) text += " " + user;
      out.push_back(text + " " + value_of(frame, "members"));
    }
    return out;
  }
  static std::string value_of(const std::string& frame, const std::string& name) {
    const std::size_t at = frame.find("\n" + name + ":");
    if (at == std::string::npos) return {};
    const std::size_t from = at + name.size() + 2;
    return frame.substr(from, frame.find('\n', from) - from);
  }

  test::FakeBus elsewhere_bus_;
  LocalFanout elsewhere_fanout_;
  PresenceAnnouncer announcer_{executor_,  clock_, GatewayId("me"), {},
                               directory_, bus_,   fanout_,         metrics_};
  PresenceAnnouncer elsewhere_announcer_{executor_,          clock_,     GatewayId("other"),
                                         {.most_listed = 3}, elsewhere_, elsewhere_bus_,
                                         elsewhere_fanout_,  metrics_};
};

TEST_F(RoomWatchingTest, BeginsWithTheUsersAndGoesOnWithTheChanges) {
  enter_elsewhere("bob");
  Listener ann("sub-0", true);
  watch(ann, "ann", "s1");
  ASSERT_TRUE(ann.live);
  ASSERT_THAT(ann.frames, SizeIs(testing::Ge(1U)));
  EXPECT_EQ(ann.live_at, 1U) << "the users come before the RECEIPT";
  EXPECT_THAT(ann.frames[0], HasSubstr("content-type:application/json\n"));
  EXPECT_THAT(ann.frames[0],
              HasSubstr(R"({"members":2,"users":[{"user":"ann","sessions":1,"since":0},)"
                        R"({"user":"bob","sessions":1,"since":5}]})"));
  EXPECT_THAT(ann.frames[0], testing::Not(HasSubstr("seq:")));
  leave_elsewhere("bob");
  arrive();
  Listener eve;
  watch(eve, "eve", "s2");
  EXPECT_THAT(events(ann), ElementsAre("members 2", "leave bob 1", "join eve 2"));
  EXPECT_THAT(eve.frames, SizeIs(0)) << "who does not ask is told nothing";
}

TEST_F(RoomWatchingTest, ASecondSessionOfAUserIsNoNews) {
  Listener ann("sub-0", true);
  Listener again;
  watch(ann, "ann", "s1");
  watch(again, "ann", "s2");
  leave(again, "s2");
  EXPECT_THAT(events(ann), ElementsAre("members 1"));
}

TEST_F(RoomWatchingTest, WhoseConnectionEndedStaysForTheGrace) {
  Listener ann("sub-0", true);
  Listener bob;
  watch(ann, "ann", "s1");
  watch(bob, "bob", "s2");
  leave(bob, "s2", RoomRegistry::Leaving::kWithGrace);
  pass(Milliseconds(9'900));
  EXPECT_EQ(members(), 2U);
  EXPECT_THAT(events(ann), ElementsAre("members 1", "join bob 2"));
  pass(Milliseconds(100));
  executor_.run();
  EXPECT_EQ(members(), 1U);
  EXPECT_THAT(events(ann), ElementsAre("members 1", "join bob 2", "leave bob 1"));
}

TEST_F(RoomWatchingTest, WhoIsBackWithinTheGraceHasNotLeft) {
  Listener ann("sub-0", true);
  watch(ann, "ann", "s1");
  for (int round = 0; round < 3; ++round) {
    Listener bob;
    const std::string session = "b" + std::to_string(round);
    watch(bob, "bob", session);
    leave(bob, session, RoomRegistry::Leaving::kWithGrace);
    pass(Milliseconds(4'000));
  }
  enter_elsewhere("bob");
  pass(Milliseconds(20'000));
  executor_.run();
  EXPECT_EQ(members(), 2U) << "only the one that is elsewhere";
  EXPECT_THAT(events(ann), ElementsAre("members 1", "join bob 2"));
}

TEST_F(RoomWatchingTest, WhenTooManyMayBeBackTheOldestLeaves) {
  RoomRegistry::Options options;
  options.most_leaving = 2;
  RoomRegistry registry(executor_, clock_, options, directory_, directory_, backlog_, dispatcher_,
                        fanout_, metrics_);
  std::vector<Listener> listeners(3);
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const Member member{kRoom, SessionId("s" + std::to_string(i)), UserId("ann"), 0};
    registry.subscribe(member, listeners[i], [](const auto&) {});
  }
  executor_.run();
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    registry.unsubscribe(kRoom, SessionId("s" + std::to_string(i)), listeners[i],
                         RoomRegistry::Leaving::kWithGrace);
  }
  executor_.run();
  EXPECT_EQ(members(), 2U);
  EXPECT_THAT(metrics_.expose(), HasSubstr("stampede_gateway_leaving_members 2\n"));
  EXPECT_THAT(metrics_.expose(), HasSubstr("stampede_gateway_left_early_total 1\n"));
  pass(Milliseconds(10'000));
  executor_.run();
  EXPECT_EQ(members(), 0U);
  EXPECT_THAT(metrics_.expose(), HasSubstr("stampede_gateway_leaving_members 0\n"));
}

TEST_F(RoomWatchingTest, ARoomWithoutAnyoneLeftVanishesAfterTheGrace) {
  Listener ann;
  watch(ann, "ann", "s1");
  leave(ann, "s1", RoomRegistry::Leaving::kWithGrace);
  EXPECT_EQ(members(), 1U);
  pass(Milliseconds(10'000));
  executor_.run();
  EXPECT_EQ(members(), 0U);
}

TEST_F(RoomWatchingTest, ALostEventIsHealedByTheUsersThemselves) {
  Listener ann("sub-0", true);
  watch(ann, "ann", "s1");
  enter_elsewhere("bob");
  elsewhere_bus_.published.clear();  // lost
  enter_elsewhere("eve");
  arrive();
  EXPECT_THAT(events(ann), ElementsAre("members 1"));
  pass(Milliseconds(50));
  executor_.run();
  pass(Milliseconds(1));
  executor_.run();
  EXPECT_THAT(events(ann), ElementsAre("members 1", "join eve 3", "members 3"));
}

TEST_F(RoomWatchingTest, ALostLastEventIsFoundByTheCheck) {
  Listener ann("sub-0", true);
  watch(ann, "ann", "s1");
  enter_elsewhere("bob");
  elsewhere_bus_.published.clear();
  for (int i = 0; i < 60; ++i) {
    pass(Milliseconds(100));
    executor_.run();
  }
  EXPECT_THAT(events(ann), ElementsAre("members 1", "members 2"));
}

TEST_F(RoomWatchingTest, ARoomThatGetsSmallAgainIsListedAgain) {
  Listener ann("sub-0", true);
  watch(ann, "ann", "s1");
  for (const char* name : {"b", "c", "d"}) enter_elsewhere(name);
  arrive();
  EXPECT_THAT(events(ann), ElementsAre("members 1", "join b 2", "join c 3", "count 4"));
  leave_elsewhere("d");
  arrive();
  pass(Milliseconds(1));
  executor_.run();
  ASSERT_THAT(events(ann), SizeIs(5));
  EXPECT_EQ(events(ann).back(), "members 3");
}

TEST_F(RoomWatchingTest, WhoCatchesUpIsToldToo) {
  const Seq old = sent_elsewhere()->position.seq;
  Listener ann("sub-0", true);
  ann.takes = 1;  // the users; then it reads no more
  subscribe(ann, "s1", Replay{.since = old - 1});
  executor_.run();
  EXPECT_FALSE(ann.live);
  Listener bob;
  watch(bob, "bob", "s2");
  EXPECT_THAT(ann.frames, testing::Contains(HasSubstr("\nevent:join\n")));
}

TEST_F(RoomWatchingTest, WhoGoesWhileTheUsersAreAskedForIsNotToldAnything) {
  Listener ann("sub-0", true);
  subscribe(ann, "s1");
  registry_.unsubscribe(kRoom, SessionId("s1"), ann, RoomRegistry::Leaving::kAtOnce);
  executor_.run();
  EXPECT_FALSE(ann.live);
  EXPECT_THAT(ann.frames, SizeIs(0));
  EXPECT_EQ(members(), 0U);
}

TEST_F(RoomWatchingTest, ALostLastEventIsFoundSoonAmongManyRoomsThatNobodyWatches) {
  RoomRegistry::Options options;
  options.check_rooms = 1;
  RoomRegistry registry(executor_, clock_, options, directory_, directory_, backlog_, dispatcher_,
                        fanout_, metrics_);
  std::vector<Listener> others(20);
  for (std::size_t i = 0; i < others.size(); ++i) {
    const RoomName room("r" + std::to_string(i));
    registry.subscribe(Member{room, SessionId("s"), UserId("ann"), 0}, others[i],
                       [](const auto&) {});
  }
  Listener ann("sub-0", true);
  registry.subscribe(Member{kRoom, SessionId("s"), UserId("ann"), 0}, ann, [](const auto&) {});
  executor_.run();
  for (int round = 0; round < 2; ++round) {
    enter_elsewhere("bob" + std::to_string(round));
    elsewhere_bus_.published.clear();
    for (int i = 0; i < 60; ++i) {
      pass(Milliseconds(100));
      executor_.run();
    }
  }
  EXPECT_THAT(events(ann), ElementsAre("members 1", "members 2", "members 3"));
}

/// Knows nothing while it is away.
class FlakyPresence final : public Presence {
 public:
  explicit FlakyPresence(Presence& real) : real_(real) {}

  void watch_changes(Executor& on, News news) override { real_.watch_changes(on, std::move(news)); }
  void users(RoomName room, std::size_t limit, Reply<Result<RoomUsers>> found) override {
    if (away) return found(Error(Errc::kUnavailable, "away"));
    real_.users(std::move(room), limit, std::move(found));
  }
  void versions(std::vector<RoomName> rooms, Reply<Result<std::vector<Seq>>> found) override {
    real_.versions(std::move(rooms), std::move(found));
  }
  void depart(Milliseconds grace, Reply<Result<void>> departed) override {
    real_.depart(grace, std::move(departed));
  }

  bool away = false;

 private:
  Presence& real_;
};

TEST_F(RoomWatchingTest, UsersWhoCouldNotBeAskedForAreAskedForAgain) {
  FlakyPresence flaky(directory_);
  RoomRegistry registry(executor_, clock_, {}, directory_, flaky, backlog_, dispatcher_, fanout_,
                        metrics_);
  Listener ann("sub-0", true);
  registry.subscribe(Member{kRoom, SessionId("s"), UserId("ann"), 0}, ann, [](const auto&) {});
  executor_.run();
  enter_elsewhere("bob");
  elsewhere_bus_.published.clear();  // lost
  enter_elsewhere("eve");
  arrive();
  flaky.away = true;
  for (int i = 0; i < 30; ++i) pass(Milliseconds(100));
  EXPECT_THAT(events(ann), ElementsAre("members 1", "join eve 3"));
  flaky.away = false;
  for (int i = 0; i < 12; ++i) pass(Milliseconds(100));
  EXPECT_THAT(events(ann), ElementsAre("members 1", "join eve 3", "members 3"));
}

// All of them wait in the room at once: nothing may be done for each of them with all the others.
TEST_F(RoomWatchingTest, ManyWatchersWhoComeTogetherAreLetInInNoTime) {
  constexpr int kWatchers = 20'000;
  std::vector<std::unique_ptr<Listener>> listeners;
  for (int i = 0; i < kWatchers; ++i) {
    listeners.push_back(std::make_unique<Listener>("sub-0", true));
    subscribe(*listeners.back(), "s" + std::to_string(i));
  }
  const std::clock_t before = std::clock();
  executor_.run();
  EXPECT_LT(std::clock() - before, 3 * CLOCKS_PER_SEC);
  for (const auto& one : listeners) {
    ASSERT_TRUE(one->live && *one->live);
    ASSERT_EQ(one->live_at, 1U);
  }
}

}  // namespace
}  // namespace stampede::gateway
