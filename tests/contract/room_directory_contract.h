#pragma once

// What every RoomDirectory must keep. Include in one .cpp per test binary and instantiate with a
// DirectoryFixtureFactory as in message_bus_contract.h.

#include <algorithm>
#include <map>
#include <set>

#include "shared/ports/room_directory.h"
#include "shared/runtime/loop.h"
#include "tests/contract/asking.h"

namespace stampede::test {

/// What `enter` answered for all, or the first error.
inline Result<std::vector<Seq>> positions_in(const std::vector<Result<Seq>>& entered) {
  std::vector<Seq> out;
  for (const Result<Seq>& one : entered) {
    if (!one) return one.error();
    out.push_back(*one);
  }
  return out;
}

/// One directory for the time of a test, empty at first.
class DirectoryFixture {
 public:
  virtual ~DirectoryFixture() = default;
  /// The directory as a gateway of that name sees it, ready for use. All of one fixture share what
  /// is in it. It is a Presence, too. The test destroys it before the fixture.
  virtual std::unique_ptr<RoomDirectory> make_directory(const GatewayId& gateway) = 0;
};

using DirectoryFixtureFactory = std::function<std::unique_ptr<DirectoryFixture>()>;

class RoomDirectoryContract : public testing::TestWithParam<DirectoryFixtureFactory> {
 protected:
  using SequencedBatch = std::vector<Result<Sequenced>>;
  using Entered = std::vector<Result<Seq>>;

  std::vector<Sequenced> sequence(RoomDirectory& at, const std::vector<MessageRef>& messages,
                                  Seq floor = kNoSeq) {
    std::vector<SequenceRequest> batch;
    for (const MessageRef& message : messages) batch.push_back({message, floor});
    const auto results = ask<SequencedBatch>(
        loop_, [&](auto reply) { at.sequence(std::move(batch), std::move(reply)); });
    EXPECT_EQ(results.size(), messages.size());
    std::vector<Sequenced> out;
    for (const auto& result : results) {
      EXPECT_TRUE(result) << result.error().detail;
      out.push_back(result ? *result : Sequenced{});
    }
    return out;
  }
  Sequenced sequence(RoomDirectory& at, const MessageRef& message, Seq floor = kNoSeq) {
    return sequence(at, std::vector{message}, floor).at(0);
  }

  static Member member(const std::string& room, const std::string& session,
                       const std::string& user = "ann", std::int64_t since_ms = 1) {
    return {RoomName(room), SessionId(session), UserId(user), since_ms};
  }
  std::vector<Seq> enter(RoomDirectory& at, std::vector<Member> members) {
    const auto result = positions_in(
        ask<Entered>(loop_, [&](auto reply) { at.enter(std::move(members), std::move(reply)); }));
    EXPECT_TRUE(result) << result.error().detail;
    return result ? *result : std::vector<Seq>{};
  }
  std::vector<Member> members(RoomDirectory& at, const std::string& room) {
    const auto result = ask<Result<std::vector<Member>>>(
        loop_, [&](auto reply) { at.members(RoomName(room), std::move(reply)); });
    EXPECT_TRUE(result) << result.error().detail;
    return result ? *result : std::vector<Member>{};
  }
  static std::vector<std::string> sessions(const std::vector<Member>& members) {
    std::vector<std::string> out;
    for (const Member& one : members) out.push_back(one.session.str());
    return out;
  }
  std::vector<RoomSummary> rooms(RoomDirectory& at, const std::string& after = {},
                                 std::size_t limit = 50) {
    const auto result = ask<Result<std::vector<RoomSummary>>>(loop_, [&](auto reply) {
      at.rooms({after, limit}, std::move(reply));
    });
    EXPECT_TRUE(result) << result.error().detail;
    return result ? *result : std::vector<RoomSummary>{};
  }
  static std::vector<std::string> names(const std::vector<RoomSummary>& summaries) {
    std::vector<std::string> out;
    for (const RoomSummary& summary : summaries) out.push_back(summary.room.str());
    return out;
  }
  std::vector<MessageRef> recent(RoomDirectory& at, const std::string& room, Seq after = kNoSeq,
                                 std::size_t limit = 1000) {
    const auto result = ask<Result<std::vector<MessageRef>>>(
        loop_, [&](auto reply) { at.recent(RoomName(room), after, limit, std::move(reply)); });
    EXPECT_TRUE(result) << result.error().detail;
    return result ? *result : std::vector<MessageRef>{};
  }
  static std::vector<MessageRef> many(const std::string& room, int count) {
    std::vector<MessageRef> out;
    for (int i = 0; i < count; ++i) out.push_back(make_message(room, std::to_string(i)));
    return out;
  }

  void SetUp() override {
    loop_.start();
    other_loop_.start();
    fixture_ = GetParam()();
    first_ = fixture_->make_directory(GatewayId("gateway-1"));
    second_ = fixture_->make_directory(GatewayId("gateway-2"));
  }
  void TearDown() override {
    second_.reset();
    first_.reset();
    loop_.stop();
    other_loop_.stop();
    fixture_.reset();
  }

  Loop loop_{"contract"};
  Loop other_loop_{"contract-2"};
  std::unique_ptr<DirectoryFixture> fixture_;
  std::unique_ptr<RoomDirectory> first_;
  std::unique_ptr<RoomDirectory> second_;
};

TEST_P(RoomDirectoryContract, RepliesAreNeverReentrant) {
  EXPECT_TRUE(answers_after_the_call<SequencedBatch>(loop_, [&](auto reply) {
    first_->sequence({{make_message("lobby", "hi"), kNoSeq}}, std::move(reply));
  }));
  EXPECT_TRUE(answers_after_the_call<Entered>(
      loop_, [&](auto reply) { first_->enter({member("lobby", "s1")}, std::move(reply)); }));
  EXPECT_TRUE(answers_after_the_call<Result<std::vector<MessageRef>>>(
      loop_, [&](auto reply) { first_->recent(RoomName("lobby"), kNoSeq, 10, std::move(reply)); }));
  EXPECT_TRUE(answers_after_the_call<Result<std::vector<RoomSummary>>>(
      loop_, [&](auto reply) { first_->rooms({}, std::move(reply)); }));
  EXPECT_TRUE(answers_after_the_call<Result<std::vector<Member>>>(
      loop_, [&](auto reply) { first_->members(RoomName("lobby"), std::move(reply)); }));
}

TEST_P(RoomDirectoryContract, AnswersEmptyCalls) {
  EXPECT_TRUE(sequence(*first_, std::vector<MessageRef>{}).empty());
  EXPECT_TRUE(enter(*first_, {}).empty());
  first_->leave({});
  EXPECT_TRUE(rooms(*first_).empty());
  EXPECT_TRUE(members(*first_, "nobody-here").empty());
  EXPECT_TRUE(recent(*first_, "nobody-here").empty());
}

TEST_P(RoomDirectoryContract, PositionsAreMicrosecondsOfNow) {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  const Sequenced got = sequence(*first_, make_message("lobby", "hi"));
  EXPECT_EQ(got.position.prev, kNoSeq);
  EXPECT_NEAR(static_cast<double>(got.position.seq), static_cast<double>(now), 10e6);
  EXPECT_FALSE(got.duplicate);
}

TEST_P(RoomDirectoryContract, PositionsOfABatchFormAChain) {
  Seq last = kNoSeq;
  for (int batch = 0; batch < 5; ++batch) {
    for (const Sequenced& got : sequence(*first_, many("lobby", 200))) {
      EXPECT_GT(got.position.seq, last);
      EXPECT_EQ(got.position.prev, last);
      last = got.position.seq;
    }
  }
}

TEST_P(RoomDirectoryContract, RoomsHaveChainsOfTheirOwn) {
  std::vector<MessageRef> mixed;
  for (int i = 0; i < 60; ++i) {
    mixed.push_back(make_message("room-" + std::to_string(i % 3), std::to_string(i)));
  }
  const auto got = sequence(*first_, mixed);
  std::map<std::string, Seq> last;
  for (std::size_t i = 0; i < mixed.size(); ++i) {
    Seq& prev = last[mixed[i]->room.str()];
    EXPECT_EQ(got[i].position.prev, prev);
    EXPECT_GT(got[i].position.seq, prev);
    prev = got[i].position.seq;
  }
}

TEST_P(RoomDirectoryContract, TwoGatewaysShareOneChain) {
  std::map<Seq, Seq> prev_of;
  for (int round = 0; round < 50; ++round) {
    RoomDirectory& at = round % 2 == 0 ? *first_ : *second_;
    for (const Sequenced& got : sequence(at, many("lobby", 3))) {
      EXPECT_TRUE(prev_of.emplace(got.position.seq, got.position.prev).second);
    }
  }
  ASSERT_EQ(prev_of.size(), 150U);
  Seq last = kNoSeq;
  for (const auto& [seq, prev] : prev_of) {
    EXPECT_EQ(prev, last);
    last = seq;
  }
}

TEST_P(RoomDirectoryContract, TwoGatewaysAtOnceShareOneChain) {
  constexpr int kBatches = 20;
  const auto run = [](RoomDirectory& at, Loop& loop) {
    std::vector<Position> out;
    for (int batch = 0; batch < kBatches; ++batch) {
      std::vector<SequenceRequest> requests;
      for (const MessageRef& message : many("lobby", 20)) requests.push_back({message, kNoSeq});
      for (const auto& got : ask<SequencedBatch>(
               loop, [&](auto reply) { at.sequence(std::move(requests), std::move(reply)); })) {
        EXPECT_TRUE(got);
        if (got) out.push_back(got->position);
      }
    }
    return out;
  };
  auto other = std::async(std::launch::async, [&] { return run(*second_, other_loop_); });
  auto positions = run(*first_, loop_);
  for (const Position& position : other.get()) positions.push_back(position);
  std::sort(positions.begin(), positions.end(),
            [](const Position& a, const Position& b) { return a.seq < b.seq; });
  ASSERT_EQ(positions.size(), 2U * kBatches * 20);
  Seq last = kNoSeq;
  for (const Position& position : positions) {
    EXPECT_EQ(position.prev, last);
    EXPECT_GT(position.seq, last);
    last = position.seq;
  }
}

TEST_P(RoomDirectoryContract, StaysAboveTheFloorToTheLastDigit) {
  const Seq before = sequence(*first_, make_message("lobby", "before")).position.seq;
  const Seq floor = before + 3'600'000'000 + 7;  // an hour ahead: another gateway saw it
  const Sequenced got = sequence(*first_, make_message("lobby", "after"), floor);
  EXPECT_EQ(got.position.seq, floor + 1);
  EXPECT_EQ(got.position.prev, floor) << "what was seen at the floor is the one before";
  EXPECT_EQ(sequence(*second_, make_message("lobby", "next")).position,
            (Position{floor + 2, floor + 1}));
  EXPECT_EQ(sequence(*second_, make_message("lobby", "low floor"), before).position,
            (Position{floor + 3, floor + 2}));
}

TEST_P(RoomDirectoryContract, AFloorOfAnotherRoomChangesNothing) {
  const Seq floor = 9'007'199'254'740'000;  // close to 2^53
  EXPECT_EQ(sequence(*first_, make_message("far", "ahead"), floor).position.seq, floor + 1);
  EXPECT_LT(sequence(*first_, make_message("lobby", "now")).position.seq, floor);
}

TEST_P(RoomDirectoryContract, RecentHoldsWhatWasSequencedWholeAndInOrder) {
  std::vector<MessageRef> sent = many("lobby", 30);
  sent.push_back(make_message("lobby", std::string("zero\0byte\r\n\xff", 12), "a key"));
  const auto positions = sequence(*first_, sent);
  sequence(*second_, make_message("elsewhere", "not here"));
  const auto found = recent(*second_, "lobby");
  ASSERT_EQ(found.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(*found[i], *with_position(*sent[i], positions[i].position));
  }
}

TEST_P(RoomDirectoryContract, RecentStartsAfterAPositionAndKeepsTheLimit) {
  const auto positions = sequence(*first_, many("lobby", 20));
  const auto after = recent(*first_, "lobby", positions[9].position.seq);
  ASSERT_EQ(after.size(), 10U);
  EXPECT_EQ(after.front()->position, positions[10].position);
  const auto limited = recent(*first_, "lobby", positions[9].position.seq, 4);
  EXPECT_EQ(bodies_of(limited), (std::vector<std::string>{"16", "17", "18", "19"})) << "the newest";
  EXPECT_EQ(recent(*first_, "lobby", positions[9].position.seq - 1).front()->position,
            positions[9].position);
  EXPECT_TRUE(recent(*first_, "lobby", positions.back().position.seq).empty());
}

TEST_P(RoomDirectoryContract, LastIsThePositionOfEachRoomAsked) {
  const Seq lobby = sequence(*first_, many("lobby", 3)).back().position.seq;
  const Seq garden = sequence(*second_, make_message("garden", "hi")).position.seq;
  const auto last = [&](std::vector<RoomName> rooms) {
    const auto found = ask<Result<std::vector<Seq>>>(
        loop_, [&](auto reply) { second_->last(std::move(rooms), std::move(reply)); });
    EXPECT_TRUE(found) << found.error().detail;
    return found ? *found : std::vector<Seq>{};
  };
  EXPECT_EQ(last({RoomName("lobby"), RoomName("nobody-here"), RoomName("garden")}),
            (std::vector<Seq>{lobby, kNoSeq, garden}));
  EXPECT_TRUE(last({}).empty());
}

TEST_P(RoomDirectoryContract, AKeySeenBeforeGetsThePositionOfTheFirst) {
  const MessageRef paid = make_message("lobby", "pay", "key-1");
  const Sequenced once = sequence(*first_, paid);
  const Sequenced between = sequence(*first_, make_message("lobby", "other"));
  const Sequenced again = sequence(*second_, make_message("lobby", "pay", "key-1"));
  EXPECT_FALSE(once.duplicate);
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.position, once.position);
  EXPECT_EQ(again.id, paid->id) << "whoever repeats it can store it as the first";
  EXPECT_EQ(sequence(*second_, make_message("lobby", "next")).position.prev, between.position.seq)
      << "a duplicate takes no position";
  EXPECT_EQ(bodies_of(recent(*first_, "lobby")),
            (std::vector<std::string>{"pay", "other", "next"}));
}

TEST_P(RoomDirectoryContract, KeysAreOfOneSenderInOneRoom) {
  EXPECT_FALSE(sequence(*first_, make_message("lobby", "a", "key-1", "ann")).duplicate);
  EXPECT_FALSE(sequence(*first_, make_message("lobby", "b", "key-1", "bob")).duplicate);
  EXPECT_FALSE(sequence(*first_, make_message("garden", "c", "key-1", "ann")).duplicate);
  EXPECT_FALSE(sequence(*first_, make_message("lobby", "d", "key-2", "ann")).duplicate);
  EXPECT_TRUE(sequence(*first_, make_message("lobby", "e", "key-2", "ann")).duplicate);
}

TEST_P(RoomDirectoryContract, KeysRepeatedInsideABatchAreFoundToo) {
  const auto got = sequence(*first_, {make_message("lobby", "a", "k"), make_message("lobby", "b"),
                                      make_message("lobby", "a", "k")});
  EXPECT_FALSE(got[0].duplicate);
  EXPECT_TRUE(got[2].duplicate);
  EXPECT_EQ(got[2].position, got[0].position);
  EXPECT_EQ(got[1].position.prev, got[0].position.seq);
}

TEST_P(RoomDirectoryContract, RemoteOnlyWhileAnotherGatewayHasMembers) {
  const auto remote = [&](RoomDirectory& at) {
    return sequence(at, make_message("lobby", "?")).remote;
  };
  // A directory that has just lost or gained its data may call everything remote for a lease.
  enter(*first_, {member("lobby", "s1")});
  EXPECT_TRUE(eventually([&] { return !remote(*first_); })) << "only this gateway has members";
  EXPECT_TRUE(remote(*second_)) << "the first has members and the second has none";
  enter(*second_, {member("lobby", "s2")});
  EXPECT_TRUE(remote(*first_));
  EXPECT_TRUE(remote(*second_));
  first_->leave({member("lobby", "s1")});
  EXPECT_TRUE(remote(*first_));
  EXPECT_TRUE(eventually([&] { return !remote(*second_); }));
  second_->leave({member("lobby", "s2")});
  EXPECT_TRUE(eventually([&] { return !remote(*first_); }));
}

TEST_P(RoomDirectoryContract, EnterAnswersTheLastPosition) {
  EXPECT_EQ(enter(*first_, {member("lobby", "s1")}), std::vector<Seq>{kNoSeq});
  const Seq last = sequence(*second_, many("lobby", 10)).back().position.seq;
  EXPECT_EQ(enter(*first_, {member("lobby", "s2"), member("empty", "s2"), member("lobby", "s3")}),
            (std::vector<Seq>{last, kNoSeq, last}));
  EXPECT_EQ(sequence(*second_, make_message("lobby", "after")).position.prev, last);
}

TEST_P(RoomDirectoryContract, WhatIsSequencedAfterAnEnterIsRemoteForTheOthers) {
  enter(*first_, {member("lobby", "s0")});
  ASSERT_TRUE(eventually([&] { return !sequence(*first_, make_message("lobby", "?")).remote; }));
  for (int round = 0; round < 20; ++round) {
    const std::vector<Member> joins{member("lobby", "s" + std::to_string(round + 1))};
    const Seq last = enter(*second_, joins).at(0);
    const Sequenced got = sequence(*first_, make_message("lobby", "hello"));
    EXPECT_GT(got.position.seq, last);
    EXPECT_TRUE(got.remote);
    second_->leave(joins);
  }
}

TEST_P(RoomDirectoryContract, CallsOfOneThreadTakeEffectInTheOrderMade) {
  auto done = std::make_shared<std::promise<std::vector<Member>>>();
  auto future = done->get_future();
  loop_.post([&, done] {
    for (int i = 0; i < 10; ++i) {
      const auto name = "s" + std::to_string(i);
      first_->enter({member("lobby", name)}, {loop_, [](const Entered&) {}});
      if (i < 9) first_->leave({member("lobby", name)});
    }
    first_->members(RoomName("lobby"), {loop_, [done](Result<std::vector<Member>> found) {
                                          done->set_value(found ? *found : std::vector<Member>{});
                                        }});
  });
  ASSERT_EQ(future.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(sessions(future.get()), std::vector<std::string>{"s9"});
}

TEST_P(RoomDirectoryContract, MembersAreListedByWhenTheyCame) {
  enter(*first_, {member("lobby", "late", "zoe", 30), member("lobby", "early", "bob", 10)});
  enter(*second_, {member("lobby", "middle", "ann", 20), member("other", "x", "eve", 1)});
  for (RoomDirectory* at : {first_.get(), second_.get()}) {
    const auto found = members(*at, "lobby");
    ASSERT_EQ(sessions(found), (std::vector<std::string>{"early", "middle", "late"}));
    EXPECT_EQ(found[0].user, UserId("bob"));
    EXPECT_EQ(found[0].since_ms, 10);
    EXPECT_EQ(found[0].room, RoomName("lobby"));
    EXPECT_EQ(found[2].user, UserId("zoe"));
  }
}

TEST_P(RoomDirectoryContract, EnteringTwiceIsOneMembership) {
  enter(*first_, {member("lobby", "s1"), member("lobby", "s1")});
  enter(*first_, {member("lobby", "s1")});
  EXPECT_EQ(members(*first_, "lobby").size(), 1U);
  EXPECT_EQ(rooms(*first_).at(0).members, 1);
  first_->leave({member("lobby", "s1")});
  EXPECT_TRUE(members(*first_, "lobby").empty());
  EXPECT_TRUE(rooms(*first_).empty());
}

TEST_P(RoomDirectoryContract, OneSessionMayBeInSeveralRooms) {
  enter(*first_, {member("garden", "s1"), member("lobby", "s1"), member("lobby", "s2")});
  first_->leave({member("lobby", "s1")});
  EXPECT_EQ(sessions(members(*first_, "garden")), std::vector<std::string>{"s1"});
  EXPECT_EQ(sessions(members(*first_, "lobby")), std::vector<std::string>{"s2"});
}

TEST_P(RoomDirectoryContract, LeavingWhatIsNotThereChangesNothing) {
  first_->leave({member("nowhere", "s1")});
  enter(*first_, {member("lobby", "s1")});
  first_->leave({member("lobby", "s2"), member("nowhere", "s1")});
  EXPECT_EQ(sessions(members(*first_, "lobby")), std::vector<std::string>{"s1"});
  EXPECT_EQ(names(rooms(*first_)), std::vector<std::string>{"lobby"});
}

TEST_P(RoomDirectoryContract, ARoomVanishesWithItsLastMemberAndComesBack) {
  enter(*first_, {member("lobby", "s1")});
  enter(*second_, {member("lobby", "s2")});
  const Seq last = sequence(*first_, make_message("lobby", "hi")).position.seq;
  first_->leave({member("lobby", "s1")});
  EXPECT_TRUE(members(*first_, "lobby").size() == 1);
  EXPECT_EQ(names(rooms(*first_)), std::vector<std::string>{"lobby"});
  second_->leave({member("lobby", "s2")});
  EXPECT_TRUE(members(*second_, "lobby").empty());
  EXPECT_TRUE(rooms(*second_).empty());
  EXPECT_EQ(enter(*first_, {member("lobby", "s3")}), std::vector<Seq>{last})
      << "its position is remembered for some minutes";
  EXPECT_EQ(names(rooms(*second_)), std::vector<std::string>{"lobby"});
  EXPECT_EQ(bodies_of(recent(*second_, "lobby")), std::vector<std::string>{"hi"});
}

TEST_P(RoomDirectoryContract, RoomsSayHowManyAndHowFar) {
  enter(*first_, {member("lobby", "s1"), member("lobby", "s2"), member("quiet", "s1")});
  enter(*second_, {member("lobby", "s3")});
  const Seq last = sequence(*first_, make_message("lobby", "hi")).position.seq;
  sequence(*first_, make_message("without-members", "hi"));
  const auto found = rooms(*second_);
  ASSERT_EQ(names(found), (std::vector<std::string>{"lobby", "quiet"}));
  EXPECT_EQ(found[0].members, 3);
  EXPECT_EQ(found[0].last, last);
  EXPECT_EQ(found[1].members, 1);
  EXPECT_EQ(found[1].last, kNoSeq);
}

TEST_P(RoomDirectoryContract, RoomsComeInPagesInNameOrder) {
  std::vector<Member> all;
  std::set<std::string> expected{"a", "a-b", "a.b", "a:b", "a_b", "ab", "A", "Z", "0"};
  for (int i = 0; i < 40; ++i) expected.insert("room-" + std::to_string(i));
  for (const std::string& name : expected) all.push_back(member(name, "s1"));
  enter(*first_, all);
  std::vector<std::string> walked;
  std::string after;
  for (;;) {
    const auto page = names(rooms(*second_, after, 7));
    EXPECT_LE(page.size(), 7U);
    if (page.empty()) break;
    walked.insert(walked.end(), page.begin(), page.end());
    after = page.back();
  }
  EXPECT_EQ(walked, (std::vector<std::string>{expected.begin(), expected.end()}));
}

TEST_P(RoomDirectoryContract, PagesSkipRoomsThatVanished) {
  std::vector<Member> all;
  for (int i = 0; i < 30; ++i) all.push_back(member("room-" + std::to_string(10 + i), "s1"));
  enter(*first_, all);
  first_->leave({all.begin() + 1, all.end() - 1});
  EXPECT_EQ(names(rooms(*first_, {}, 2)), (std::vector<std::string>{"room-10", "room-39"}));
  EXPECT_EQ(names(rooms(*first_, "room-20", 1)), std::vector<std::string>{"room-39"});
}

}  // namespace stampede::test
