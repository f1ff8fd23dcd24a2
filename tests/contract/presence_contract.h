#pragma once

// What every Presence must keep, as the members of its RoomDirectory make it. Include in one .cpp
// per test binary and instantiate with a DirectoryFixtureFactory.

#include <map>
#include <mutex>

#include "shared/ports/presence.h"
#include "tests/contract/room_directory_contract.h"

namespace stampede::test {

class PresenceContract : public RoomDirectoryContract {
 protected:
  /// Keeps what one gateway is told.
  class Watcher {
   public:
    void watch(RoomDirectory& at, Executor& on) {
      of(at).watch_changes(on, [this](const std::vector<PresenceChange>& changes) {
        const std::lock_guard lock(mutex_);
        changes_.insert(changes_.end(), changes.begin(), changes.end());
      });
    }
    std::vector<PresenceChange> changes() const {
      const std::lock_guard lock(mutex_);
      return changes_;
    }
    /// "+ann 1" or "-ann 0", with the number of users after it.
    std::vector<std::string> texts() const {
      std::vector<std::string> out;
      for (const PresenceChange& one : changes()) {
        out.push_back((one.joined ? "+" : "-") + one.user.str() + " " + std::to_string(one.users));
      }
      return out;
    }
    bool has(const std::vector<std::string>& expected) const {
      return eventually([&] { return texts() == expected; });
    }

   private:
    mutable std::mutex mutex_;
    std::vector<PresenceChange> changes_;
  };

  using Texts = std::vector<std::string>;

  static Presence& of(RoomDirectory& at) { return dynamic_cast<Presence&>(at); }

  void SetUp() override {
    RoomDirectoryContract::SetUp();
    here_.watch(*first_, loop_);
    there_.watch(*second_, loop_);
  }

  RoomUsers users(RoomDirectory& at, const std::string& room, std::size_t limit = 100) {
    const auto found = ask<Result<RoomUsers>>(
        loop_, [&](auto reply) { of(at).users(RoomName(room), limit, std::move(reply)); });
    EXPECT_TRUE(found) << found.error().detail;
    return found ? *found : RoomUsers{};
  }
  std::vector<Seq> versions(RoomDirectory& at, std::vector<RoomName> rooms) {
    const auto found = ask<Result<std::vector<Seq>>>(
        loop_, [&](auto reply) { of(at).versions(std::move(rooms), std::move(reply)); });
    EXPECT_TRUE(found) << found.error().detail;
    return found ? *found : std::vector<Seq>{};
  }
  Entered enter_each(RoomDirectory& at, std::vector<Member> members) {
    return ask<Entered>(loop_, [&](auto reply) { at.enter(std::move(members), std::move(reply)); });
  }
  static Member limited(const std::string& session, const std::string& user, std::size_t capacity) {
    Member out = member("small", session, user);
    out.capacity = capacity;
    return out;
  }

  Watcher here_;
  Watcher there_;
};

TEST_P(PresenceContract, AUserComesWithTheFirstSessionAndGoesWithTheLast) {
  enter(*first_, {member("lobby", "s1", "ann")});
  EXPECT_TRUE(here_.has({"+ann 1"}));
  enter(*first_, {member("lobby", "s2", "ann"), member("lobby", "s3", "bob")});
  EXPECT_TRUE(here_.has({"+ann 1", "+bob 2"}));
  first_->leave({member("lobby", "s1", "ann")});
  EXPECT_EQ(users(*first_, "lobby").count, 2);
  EXPECT_EQ(here_.texts(), (Texts{"+ann 1", "+bob 2"})) << "another session is still there";
  first_->leave({member("lobby", "s2"), member("lobby", "s3")});
  EXPECT_TRUE(here_.has({"+ann 1", "+bob 2", "-ann 1", "-bob 0"}));
}

TEST_P(PresenceContract, SessionsOfAllGatewaysCountTogether) {
  enter(*first_, {member("lobby", "s1", "ann")});
  enter(*second_, {member("lobby", "s2", "ann")});
  first_->leave({member("lobby", "s1")});
  EXPECT_EQ(users(*first_, "lobby").count, 1);
  second_->leave({member("lobby", "s2")});
  EXPECT_TRUE(there_.has({"-ann 0"})) << "who made the change is told";
  EXPECT_EQ(here_.texts(), Texts{"+ann 1"});
}

TEST_P(PresenceContract, EnteringOrLeavingAgainChangesNothing) {
  enter(*first_, {member("lobby", "s1", "ann"), member("lobby", "s1", "ann")});
  enter(*first_, {member("lobby", "s1", "ann")});
  EXPECT_EQ(users(*first_, "lobby").users, (std::vector<PresentUser>{{UserId("ann"), 1, 1}}));
  first_->leave({member("lobby", "s1")});
  first_->leave({member("lobby", "s1"), member("lobby", "never")});
  EXPECT_EQ(users(*first_, "lobby").count, 0);
  EXPECT_TRUE(here_.has({"+ann 1", "-ann 0"}));
}

TEST_P(PresenceContract, UsersAreListedBySinceWhenUpToALimit) {
  enter(*first_, {member("lobby", "s1", "zoe", 10), member("lobby", "s2", "ann\xc3\xa9", 30)});
  enter(*second_, {member("lobby", "s3", "bob", 20), member("lobby", "s4", "zoe", 40)});
  enter(*second_, {member("other", "s5", "eve", 1)});
  const RoomUsers all = users(*second_, "lobby", 3);
  EXPECT_EQ(all.count, 3);
  EXPECT_EQ(all.users,
            (std::vector<PresentUser>{
                {UserId("zoe"), 2, 10}, {UserId("bob"), 1, 20}, {UserId("ann\xc3\xa9"), 1, 30}}));
  const RoomUsers counted = users(*first_, "lobby", 2);
  EXPECT_EQ(counted.count, 3);
  EXPECT_TRUE(counted.users.empty());
  EXPECT_EQ(counted.version, all.version);
}

TEST_P(PresenceContract, AUserStaysSinceTheFirstSessionThoughThatIsGone) {
  enter(*first_, {member("lobby", "s1", "ann", 10)});
  enter(*second_, {member("lobby", "s2", "ann", 20)});
  first_->leave({member("lobby", "s1")});
  EXPECT_EQ(users(*first_, "lobby").users, (std::vector<PresentUser>{{UserId("ann"), 1, 10}}));
}

TEST_P(PresenceContract, ChangesOfARoomFormAChainOverAllGateways) {
  for (int round = 0; round < 10; ++round) {
    const std::string name = std::to_string(round);
    enter(*first_,
          {member("lobby", "a" + name, "a" + name), member("lobby", "b" + name, "b" + name)});
    enter(*second_, {member("lobby", "c" + name, "c" + name)});
    first_->leave({member("lobby", "a" + name), member("lobby", "b" + name)});
  }
  ASSERT_TRUE(eventually([&] { return here_.changes().size() + there_.changes().size() == 50; }));
  std::map<Seq, Seq> prev_of;
  std::map<Seq, std::int64_t> step_of;
  for (const auto& told : {here_.changes(), there_.changes()}) {
    for (const PresenceChange& one : told) {
      EXPECT_TRUE(prev_of.emplace(one.position.seq, one.position.prev).second);
      step_of.emplace(one.position.seq, one.joined ? one.users : -one.users);
    }
  }
  Seq last = kNoSeq;
  std::int64_t count = 0;
  for (const auto& [seq, prev] : prev_of) {
    EXPECT_EQ(prev, last);
    last = seq;
    count += step_of[seq] > 0 ? 1 : -1;
    EXPECT_EQ(std::abs(step_of[seq]), count) << "each has the number of users after it";
  }
  EXPECT_EQ(users(*first_, "lobby").version, last);
  EXPECT_EQ(versions(*second_, {RoomName("nobody-here"), RoomName("lobby")}),
            (std::vector<Seq>{kNoSeq, last}));
}

TEST_P(PresenceContract, ChangesAreRemoteOnlyWhileAnotherGatewayHasMembers) {
  enter(*first_, {member("lobby", "s1", "ann")});
  // A directory that has just gained its data may call everything remote for a lease.
  int round = 0;
  EXPECT_TRUE(eventually([&] {
    const std::string name = "early" + std::to_string(++round);
    enter(*first_, {member("lobby", name, name)});
    eventually(
        [&] { return !here_.changes().empty() && here_.changes().back().user.str() == name; });
    return !here_.changes().back().remote;
  }));
  enter(*second_, {member("lobby", "s2", "bob")});
  EXPECT_TRUE(eventually([&] { return !there_.changes().empty(); }));
  EXPECT_TRUE(there_.changes().back().remote);
  first_->leave({member("lobby", "s1")});
  EXPECT_TRUE(eventually([&] { return here_.changes().back().user.str() == "ann"; }));
  EXPECT_TRUE(here_.changes().back().remote);
}

TEST_P(PresenceContract, AFullRoomTakesNoOtherUserButMoreSessionsOfThoseWithin) {
  const auto first = enter_each(*first_, {limited("s1", "ann", 2), limited("s2", "bob", 2),
                                          limited("s3", "eve", 2), limited("s4", "ann", 2)});
  ASSERT_EQ(first.size(), 4U);
  EXPECT_TRUE(first[0]);
  EXPECT_TRUE(first[1]);
  ASSERT_FALSE(first[2]);
  EXPECT_TRUE(first[2].error().is(Errc::kTooLarge));
  EXPECT_NE(first[2].error().detail.find("'small' holds 2 users"), std::string::npos);
  EXPECT_TRUE(first[3]) << "ann is in already";
  EXPECT_FALSE(enter_each(*second_, {limited("s5", "eve", 2)}).at(0));
  EXPECT_TRUE(enter_each(*second_, {limited("s6", "bob", 2)}).at(0));
  EXPECT_TRUE(enter_each(*second_, {limited("s7", "eve", 3)}).at(0)) << "each brings its limit";
  EXPECT_EQ(users(*first_, "small").count, 3);
  EXPECT_EQ(members(*first_, "small").size(), 5U);
}

TEST_P(PresenceContract, WhoDidNotGetInLeavesNothingBehind) {
  enter_each(*first_, {limited("s1", "ann", 1)});
  EXPECT_FALSE(enter_each(*second_, {limited("s2", "bob", 1)}).at(0));
  second_->leave({limited("s2", "bob", 1)});
  EXPECT_EQ(members(*first_, "small").size(), 1U);
  EXPECT_EQ(rooms(*first_).at(0).users, 1);
  first_->leave({limited("s1", "ann", 1)});
  EXPECT_TRUE(rooms(*first_).empty());
  EXPECT_TRUE(enter_each(*second_, {limited("s2", "bob", 1)}).at(0)) << "there is room again";
}

TEST_P(PresenceContract, UsersWhoComeAtOnceDoNotGoBeyondTheCapacity) {
  constexpr int kUsers = 200;
  constexpr std::size_t kCapacity = 37;
  const auto run = [&](RoomDirectory& at, Loop& loop, const std::string& prefix) {
    std::vector<std::future<Entered>> open;
    for (int i = 0; i < kUsers; ++i) {
      const std::string name = prefix + std::to_string(i);
      auto promise = std::make_shared<std::promise<Entered>>();
      open.push_back(promise->get_future());
      at.enter({limited(name, name, kCapacity)},
               {loop, [promise](Entered entered) { promise->set_value(std::move(entered)); }});
    }
    std::size_t taken = 0;
    for (auto& one : open) {
      EXPECT_EQ(one.wait_for(kPatience), std::future_status::ready);
      const Entered entered = one.get();
      if (entered.at(0)) ++taken;
    }
    return taken;
  };
  auto other = std::async(std::launch::async, [&] { return run(*second_, other_loop_, "there"); });
  const std::size_t here = run(*first_, loop_, "here");
  EXPECT_EQ(here + other.get(), kCapacity);
  EXPECT_EQ(users(*first_, "small").count, static_cast<std::int64_t>(kCapacity));
}

TEST_P(PresenceContract, RoomsSayHowManyUsers) {
  enter(*first_, {member("lobby", "s1", "ann"), member("lobby", "s2", "ann")});
  enter(*second_, {member("lobby", "s3", "bob")});
  EXPECT_EQ(rooms(*second_).at(0).users, 2);
  EXPECT_EQ(rooms(*second_).at(0).members, 3);
}

TEST_P(PresenceContract, DepartingIsAnsweredWhenLeavesBeforeItAreDone) {
  enter(*first_, {member("lobby", "s1", "ann")});
  enter(*second_, {member("lobby", "s2", "bob")});
  first_->leave({member("lobby", "s1")});
  EXPECT_TRUE(ask<Result<void>>(
      loop_, [&](auto reply) { of(*first_).depart(Milliseconds(500), std::move(reply)); }));
  EXPECT_EQ(users(*second_, "lobby").count, 1);
}

}  // namespace stampede::test
