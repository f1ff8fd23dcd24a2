// What the port does not promise but Redis needs: outages, lost data, dead gateways. Each test has
// a server of its own, so that it may break it.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <set>

#include "tests/contract/redis_gateway.h"
#include "tests/contract/redis_server.h"

namespace stampede::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class RedisAdapterTest : public testing::Test {
 protected:
  using SequencedBatch = std::vector<Result<Sequenced>>;
  using Entered = std::vector<Result<Seq>>;

  RedisAdapterTest() { loop_.start(); }
  ~RedisAdapterTest() override { loop_.stop(); }

  redis::Options options(const std::string& gateway) const {
    redis::Options out;
    out.url = server_.url();
    out.gateway = GatewayId(gateway);
    out.lease = Milliseconds(1'500);
    out.timeout = Milliseconds(500);
    out.backoff_min = Milliseconds(10);
    out.backoff_max = Milliseconds(50);
    return out;
  }
  std::unique_ptr<RedisGateway> start(const redis::Options& with) const {
    auto out = std::make_unique<RedisGateway>(with);
    out->wait_ready();
    return out;
  }

  SequencedBatch sequence(RoomDirectory& at, const std::vector<MessageRef>& messages) {
    std::vector<SequenceRequest> batch;
    for (const MessageRef& message : messages) batch.push_back({message, kNoSeq});
    return ask<SequencedBatch>(
        loop_, [&](auto reply) { at.sequence(std::move(batch), std::move(reply)); });
  }
  Result<Sequenced> send(RoomDirectory& at, const std::string& room, const std::string& key = {}) {
    return sequence(at, {make_message(room, "hi", key)}).at(0);
  }
  static Member member(const std::string& room, const std::string& session) {
    return {RoomName(room), SessionId(session), UserId("ann"), 1};
  }
  Result<std::vector<Seq>> enter(RoomDirectory& at, std::vector<Member> members) {
    const auto entered =
        ask<Entered>(loop_, [&](auto reply) { at.enter(std::move(members), std::move(reply)); });
    std::vector<Seq> out;
    for (const Result<Seq>& one : entered) {
      if (!one) return one.error();
      out.push_back(*one);
    }
    return out;
  }
  std::vector<std::string> sessions(RoomDirectory& at, const std::string& room) {
    const auto found = ask<Result<std::vector<Member>>>(
        loop_, [&](auto reply) { at.members(RoomName(room), std::move(reply)); });
    std::vector<std::string> out;
    if (!found) return {"error: " + found.error().detail};
    for (const Member& one : *found) out.push_back(one.session.str());
    return out;
  }
  std::vector<std::string> rooms(RoomDirectory& at) {
    const auto found = ask<Result<std::vector<RoomSummary>>>(
        loop_, [&](auto reply) { at.rooms({}, std::move(reply)); });
    std::vector<std::string> out;
    if (!found) return {"error: " + found.error().detail};
    for (const RoomSummary& one : *found) out.push_back(one.room.str());
    return out;
  }

  using Names = std::vector<std::string>;

  Loop loop_{"contract"};
  RedisServer server_;
};

TEST_F(RedisAdapterTest, WritesSixteenDigitsWithoutRounding) {
  const auto gateway = start(options("g1"));
  RedisClient look(server_.url());
  Seq last = kNoSeq;
  for (int i = 0; i < 50; ++i) {
    const Sequenced got = send(*gateway, "lobby", "key-" + std::to_string(i)).value();
    EXPECT_EQ(got.position.prev, last);
    last = got.position.seq;
    EXPECT_EQ(look.one({"HGET", "stampede:{lobby}:s", "last"}), std::to_string(last));
    EXPECT_EQ(look.one({"XREVRANGE", "stampede:{lobby}:r", "+", "-", "COUNT", "1"}),
              std::to_string(last) + "-0");
    const Sequenced again = send(*gateway, "lobby", "key-" + std::to_string(i)).value();
    EXPECT_TRUE(again.duplicate);
    EXPECT_EQ(again.position, got.position);
  }
}

TEST_F(RedisAdapterTest, GoesOnAfterAScriptFlush) {
  const auto gateway = start(options("g1"));
  const Seq before = send(*gateway, "lobby").value().position.seq;
  RedisClient(server_.url()).run({"SCRIPT", "FLUSH"});
  std::vector<MessageRef> batch;
  for (int i = 0; i < 200; ++i) batch.push_back(make_message("lobby", std::to_string(i)));
  Seq last = before;
  for (const auto& got : sequence(*gateway, batch)) {
    ASSERT_TRUE(got) << got.error().detail;
    EXPECT_EQ(got->position.prev, last);
    last = got->position.seq;
  }
  EXPECT_TRUE(enter(*gateway, {member("lobby", "s1")}));
  EXPECT_EQ(sessions(*gateway, "lobby"), Names{"s1"});
}

TEST_F(RedisAdapterTest, ComesBackAfterARestartThatLostEverything) {
  const auto first = start(options("g1"));
  const auto second = start(options("g2"));
  ASSERT_TRUE(enter(*first, {member("lobby", "s1"), member("garden", "s1")}));
  ASSERT_TRUE(enter(*second, {member("lobby", "s2")}));
  server_.stop();
  ASSERT_TRUE(eventually([&] { return !first->ready() && !second->ready(); }));
  EXPECT_THAT(first->reason(), HasSubstr("127.0.0.1"));

  const auto asked = std::chrono::steady_clock::now();
  const auto away = send(*first, "lobby");
  EXPECT_LT(std::chrono::steady_clock::now() - asked, Milliseconds(250)) << "known to be away";
  ASSERT_FALSE(away);
  EXPECT_TRUE(away.error().is(Errc::kUnavailable));

  server_.start();
  first->wait_ready();
  // The second may not be back yet: that nobody else is in the room is not proven.
  EXPECT_TRUE(send(*first, "garden").value().remote);
  second->wait_ready();
  EXPECT_TRUE(eventually([&] { return sessions(*first, "lobby") == Names{"s1", "s2"}; }));
  EXPECT_TRUE(eventually([&] { return rooms(*second) == Names{"garden", "lobby"}; }));
  EXPECT_TRUE(eventually([&] { return !send(*first, "garden").value().remote; }));
  EXPECT_TRUE(send(*first, "lobby").value().remote);
  EXPECT_THAT(first->metrics(), HasSubstr("stampede_redis_reconnects_total 1"));
}

TEST_F(RedisAdapterTest, EntersAllMembersAgainAfterAFlush) {
  const auto first = start(options("g1"));
  const auto second = start(options("g2"));
  std::vector<Member> many;
  for (int i = 0; i < 1'000; ++i) many.push_back(member("lobby", "s" + std::to_string(i)));
  ASSERT_TRUE(enter(*first, many));
  ASSERT_TRUE(enter(*second, {member("lobby", "t1")}));
  RedisClient(server_.url()).run({"FLUSHALL"});
  EXPECT_TRUE(send(*first, "lobby").value().remote) << "nothing is proven by an empty Redis";
  EXPECT_TRUE(eventually([&] { return sessions(*second, "lobby").size() == 1'001; }));
}

TEST_F(RedisAdapterTest, EntersManyRoomsAgainAChunkAtATime) {
  // On a machine that is busy with other things neither may end meanwhile.
  auto patient = options("g1");
  patient.lease = Milliseconds(10'000);
  patient.timeout = Milliseconds(5'000);
  const auto gateway = start(patient);
  std::vector<Member> many;
  for (int i = 0; i < 20'000; ++i) many.push_back(member("room-" + std::to_string(i), "s1"));
  for (std::size_t i = 0; i < many.size(); i += 1'000) {
    ASSERT_TRUE(enter(*gateway, {many.begin() + static_cast<std::ptrdiff_t>(i),
                                 many.begin() + static_cast<std::ptrdiff_t>(i) + 1'000}));
  }
  RedisClient look(server_.url());
  look.run({"FLUSHALL"});
  send(*gateway, "room-7").value();
  gateway->leave({many.back()});  // long before its turn comes
  ASSERT_TRUE(eventually([&] { return look.one({"ZCARD", "stampede:rooms"}) == "19999"; }));
  EXPECT_EQ(sessions(*gateway, many.back().room.str()), Names{});
  for (int i = 0; i < 100; ++i) send(*gateway, "room-" + std::to_string(i)).value();
  EXPECT_THAT(gateway->metrics(), HasSubstr("stampede_redis_registrations_total 2"))
      << "once at start, once after the loss: not again and again";
  EXPECT_THAT(gateway->metrics(), HasSubstr("stampede_redis_reconnects_total 0"));
}

TEST_F(RedisAdapterTest, RepairsARoomThatLostItsMembers) {
  const auto gateway = start(options("g1"));
  ASSERT_TRUE(enter(*gateway, {member("lobby", "s1")}));
  RedisClient look(server_.url());
  look.run({"DEL", "stampede:{lobby}:g"});
  EXPECT_TRUE(send(*gateway, "lobby").value().remote);
  EXPECT_TRUE(eventually([&] { return sessions(*gateway, "lobby") == Names{"s1"}; }));
}

TEST_F(RedisAdapterTest, TellsTimeoutsOfAFrozenServerAndComesBack) {
  const auto gateway = start(options("g1"));
  ASSERT_TRUE(enter(*gateway, {member("lobby", "s1")}));
  server_.freeze();
  const auto asked = std::chrono::steady_clock::now();
  const auto answer = send(*gateway, "lobby");
  const auto took = std::chrono::steady_clock::now() - asked;
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().is(Errc::kUnavailable));
  EXPECT_THAT(answer.error().detail, HasSubstr("did not answer within 500 ms"));
  EXPECT_LT(took, Milliseconds(2'000));
  EXPECT_THAT(gateway->metrics(), Not(HasSubstr("stampede_redis_timeouts_total 0")));
  EXPECT_THAT(gateway->metrics(), HasSubstr("stampede_redis_connected 0"));

  const auto entered = enter(*gateway, {member("lobby", "s2")});
  ASSERT_FALSE(entered);
  EXPECT_TRUE(entered.error().is(Errc::kUnavailable));
  server_.thaw();
  gateway->wait_ready();
  EXPECT_TRUE(send(*gateway, "lobby"));
  EXPECT_TRUE(eventually([&] {
    return sessions(*gateway, "lobby") == Names{"s1", "s2"};
  })) << "a member that could not be entered is, when Redis is back";
}

TEST_F(RedisAdapterTest, ALoopThatWasBusyForLongerThanTheTimeoutDoesNotTakeRedisForDead) {
  auto busy = options("g1");
  busy.timeout = Milliseconds(2'000);
  busy.lease = Seconds(30);
  const auto gateway = start(busy);
  const auto found = ask<Result<std::vector<Member>>>(loop_, [&](auto reply) {
    gateway->loop().post([&gateway, reply] {
      gateway->members(RoomName("lobby"), reply);
      // Behind the call and before its command is written.
      gateway->loop().post([] { std::this_thread::sleep_for(Milliseconds(2'500)); });
    });
  });
  EXPECT_TRUE(found);
  EXPECT_THAT(gateway->metrics(), HasSubstr("stampede_redis_timeouts_total 0"));
}

TEST_F(RedisAdapterTest, MessagesPassBetweenMembersThatEnterAllAtOnce) {
  const auto gateway = start(options("g1"));
  std::vector<Member> members;
  for (int i = 0; i < 20'000; ++i) members.push_back(member("room-" + std::to_string(i), "s"));
  std::promise<bool> sent_first;
  bool all_in = false;  // touched on the asker's loop only
  gateway->loop().post([&] {
    gateway->enter(members, {loop_, [&](const Entered& entered) {
                               EXPECT_TRUE(entered.at(0)) << entered.at(0).error().detail;
                               all_in = true;
                             }});
    gateway->sequence({{make_message("garden", "hi"), kNoSeq}},
                      {loop_, [&](const SequencedBatch& sequenced) {
                         EXPECT_TRUE(sequenced.at(0));
                         sent_first.set_value(!all_in);
                       }});
  });
  EXPECT_TRUE(sent_first.get_future().get());
  EXPECT_EQ(sessions(*gateway, "room-19999"), Names{"s"})
      << "what reads the members waits for those that entered before";
  gateway->leave(members);
  EXPECT_THAT(sessions(*gateway, "room-19999"), IsEmpty());
}

TEST_F(RedisAdapterTest, EntersAndReadsWaitForAShortOutage) {
  auto patient = options("g1");
  patient.timeout = Milliseconds(10'000);
  const auto gateway = start(patient);
  server_.stop();
  ASSERT_TRUE(eventually([&] { return !gateway->ready(); }));
  auto entered =
      std::async(std::launch::async, [&] { return enter(*gateway, {member("lobby", "s1")}); });
  auto read = std::async(std::launch::async, [&] { return sessions(*gateway, "garden"); });
  server_.start();
  EXPECT_TRUE(entered.get());
  EXPECT_THAT(read.get(), IsEmpty());
}

TEST_F(RedisAdapterTest, WhoLeavesDuringAnOutageDoesNotComeBack) {
  const auto gateway = start(options("g1"));
  ASSERT_TRUE(enter(*gateway, {member("lobby", "s1"), member("lobby", "s2")}));
  RedisClient look(server_.url());
  server_.freeze();
  // Frozen, not stopped: Redis still has both members when it wakes up.
  ASSERT_FALSE(send(*gateway, "lobby"));
  gateway->leave({member("lobby", "s1")});
  auto entered =
      std::async(std::launch::async, [&] { return enter(*gateway, {member("garden", "s1")}); });
  gateway->leave({member("garden", "s1")});
  entered.get();
  server_.thaw();
  gateway->wait_ready();
  EXPECT_TRUE(eventually([&] { return sessions(*gateway, "lobby") == Names{"s2"}; }));
  EXPECT_TRUE(eventually([&] {
    return look.one({"HLEN", "stampede:{lobby}:g"}) == "1";
  })) << "the old registration is cleaned up";
}

TEST_F(RedisAdapterTest, MembersOfADeadGatewayAreGoneWithinTheLease) {
  auto leased = options("g1");
  // What is left of it when Redis has given it up is the time to find that out and to clean up.
  leased.lease = Milliseconds(9'000);
  const auto survivor = start(leased);
  leased.gateway = GatewayId("g2");
  auto dies = start(leased);
  ASSERT_TRUE(enter(*survivor, {member("lobby", "s1")}));
  std::vector<Member> doomed{member("lobby", "t1"), member("alone", "t1")};
  for (int i = 0; i < 1'200; ++i) doomed.push_back(member("room-" + std::to_string(i), "t1"));
  ASSERT_TRUE(enter(*dies, doomed));
  send(*dies, "alone").value();
  ASSERT_EQ(sessions(*survivor, "lobby"), (Names{"s1", "t1"}));
  RedisClient look(server_.url());

  dies.reset();
  const auto died = std::chrono::steady_clock::now();
  ASSERT_TRUE(eventually([&] { return sessions(*survivor, "lobby") == Names{"s1"}; }));
  ASSERT_TRUE(eventually([&] { return rooms(*survivor) == Names{"lobby"}; }));
  EXPECT_LT(std::chrono::steady_clock::now() - died, leased.lease);
  // Not only hidden: nothing of it is left but what a room is remembered by for some minutes.
  ASSERT_TRUE(eventually([&] { return look.one({"ZCARD", "stampede:{gateways}:leases"}) == "1"; }));
  EXPECT_EQ(look.keys("stampede:{gateways}:rooms:g2*"), Names{});
  EXPECT_EQ(look.keys("*:m:g2*"), Names{});
  EXPECT_EQ(look.one({"ZCARD", "stampede:rooms"}), "1");
  EXPECT_EQ(look.one({"EXISTS", "stampede:{alone}:g"}), "0");
  EXPECT_GT(std::stoll(look.one({"PTTL", "stampede:{alone}:s"})), 0);
  EXPECT_GT(std::stoll(look.one({"PTTL", "stampede:{alone}:r"})), 0);
  EXPECT_TRUE(eventually([&] { return !send(*survivor, "lobby").value().remote; }));
}

TEST_F(RedisAdapterTest, AGatewayThatSleptThroughItsLeaseRegistersAnew) {
  const auto sleeper = start(options("g1"));
  const auto other = start(options("g2"));
  ASSERT_TRUE(enter(*sleeper, {member("lobby", "s1")}));
  ASSERT_TRUE(enter(*other, {member("lobby", "s2")}));
  std::promise<void> wake;
  sleeper->loop().post([woken = wake.get_future().share()] { woken.wait(); });
  ASSERT_TRUE(eventually([&] { return sessions(*other, "lobby") == Names{"s2"}; }));
  RedisClient look(server_.url());
  ASSERT_TRUE(eventually([&] { return look.one({"ZCARD", "stampede:{gateways}:leases"}) == "1"; }));
  wake.set_value();
  EXPECT_TRUE(eventually([&] { return sessions(*other, "lobby") == Names{"s1", "s2"}; }));
  EXPECT_TRUE(eventually([&] { return look.one({"HLEN", "stampede:{lobby}:g"}) == "2"; }));
}

TEST_F(RedisAdapterTest, EveryMessageOfACutConnectionIsAnsweredOnce) {
  const auto gateway = start(options("g1"));
  RedisClient look(server_.url());
  std::set<Seq> seen;
  std::size_t answered = 0;
  for (int round = 0; round < 30; ++round) {
    std::vector<std::future<SequencedBatch>> pending;
    for (int i = 0; i < 20; ++i) {
      auto promise = std::make_shared<std::promise<SequencedBatch>>();
      pending.push_back(promise->get_future());
      std::vector<SequenceRequest> batch;
      for (int m = 0; m < 10; ++m) batch.push_back({make_message("lobby", "x"), kNoSeq});
      gateway->sequence(std::move(batch), {loop_, [promise](SequencedBatch results) {
                                             promise->set_value(std::move(results));
                                           }});
      if (i != 10) continue;
      pending.front().wait_for(kPatience);  // so that some are done and some are not
      look.run({"CLIENT", "KILL", "TYPE", "normal"});
    }
    for (auto& one : pending) {
      ASSERT_EQ(one.wait_for(kPatience), std::future_status::ready);
      for (const auto& got : one.get()) {
        ++answered;
        if (got) {
          EXPECT_TRUE(seen.insert(got->position.seq).second) << "a position given twice";
        } else {
          EXPECT_TRUE(got.error().is(Errc::kUnavailable)) << got.error().detail;
        }
      }
    }
    gateway->wait_ready();
  }
  EXPECT_EQ(answered, 30U * 20 * 10);
  EXPECT_FALSE(seen.empty());
}

TEST_F(RedisAdapterTest, AnswersCancelledWhenDestroyed) {
  auto gateway = start(options("g1"));
  server_.freeze();
  auto in_flight = std::make_shared<std::promise<SequencedBatch>>();
  auto answer = in_flight->get_future();
  gateway->sequence({{make_message("lobby", "x"), kNoSeq}},
                    {loop_, [in_flight](SequencedBatch got) { in_flight->set_value(got); }});
  gateway->loop().stop();
  auto late = std::make_shared<std::promise<Entered>>();
  auto late_answer = late->get_future();
  gateway->enter({member("lobby", "s1")}, {loop_, [late](Entered got) { late->set_value(got); }});
  gateway.reset();
  server_.thaw();
  ASSERT_EQ(answer.wait_for(kPatience), std::future_status::ready);
  EXPECT_TRUE(answer.get().at(0).error().is(Errc::kCancelled));
  ASSERT_EQ(late_answer.wait_for(kPatience), std::future_status::ready);
  EXPECT_TRUE(late_answer.get().at(0).error().is(Errc::kCancelled));
}

TEST_F(RedisAdapterTest, SaysThatAHostDoesNotResolveAndKeepsTrying) {
  auto wrong = options("g1");
  wrong.url = "redis://no-such-host.invalid:6379";
  wrong.timeout = Milliseconds(2'000);
  RedisGateway gateway(wrong);
  ASSERT_TRUE(eventually([&] {
    return gateway.reason().find("no-such-host") != std::string::npos;
  })) << gateway.reason();
  EXPECT_THAT(gateway.reason(), HasSubstr("'no-such-host.invalid' does not resolve"));
  const auto answer = send(gateway, "lobby");
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().is(Errc::kUnavailable));
  EXPECT_THAT(answer.error().detail, HasSubstr("does not resolve"));
}

TEST_F(RedisAdapterTest, SaysThatNobodyListens) {
  auto wrong = options("g1");
  wrong.url = "redis://127.0.0.1:" + std::to_string(RedisServer::free_port());
  RedisGateway gateway(wrong);
  EXPECT_TRUE(eventually([&] {
    return gateway.reason().find("Connection refused") != std::string::npos;
  })) << gateway.reason();
}

TEST_F(RedisAdapterTest, AWorkerReadsAndRegistersNothing) {
  const auto gateway = start(options("g1"));
  ASSERT_TRUE(enter(*gateway, {member("lobby", "s1")}));
  const auto worker = start(options(""));
  EXPECT_EQ(sessions(*worker, "lobby"), Names{"s1"});
  EXPECT_EQ(rooms(*worker), Names{"lobby"});
  const auto refused = enter(*worker, {member("lobby", "s2")});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().is(Errc::kInvalidArgument));
  EXPECT_TRUE(send(*worker, "lobby").value().remote);
  EXPECT_EQ(RedisClient(server_.url()).one({"ZCARD", "stampede:{gateways}:leases"}), "1");
}

TEST_F(RedisAdapterTest, RoomsWithoutMembersExpireAndThoseWithMembersDoNot) {
  auto brief = options("g1");
  brief.recent_ttl = Milliseconds(60'000);
  const auto gateway = start(brief);
  RedisClient look(server_.url());
  const auto ttl = [&](const char* key) { return std::stoll(look.one({"PTTL", key})); };
  send(*gateway, "lobby").value();
  EXPECT_GT(ttl("stampede:{lobby}:s"), 0);
  EXPECT_GT(ttl("stampede:{lobby}:r"), 0);
  ASSERT_TRUE(enter(*gateway, {member("lobby", "s1")}));
  send(*gateway, "lobby").value();
  EXPECT_EQ(ttl("stampede:{lobby}:s"), -1);
  EXPECT_EQ(ttl("stampede:{lobby}:r"), -1);
  gateway->leave({member("lobby", "s1")});
  EXPECT_THAT(sessions(*gateway, "lobby"), IsEmpty());
  EXPECT_GT(ttl("stampede:{lobby}:s"), 50'000);
  EXPECT_GT(ttl("stampede:{lobby}:r"), 50'000);
  send(*gateway, "lobby", "a key").value();
  EXPECT_GT(ttl("stampede:{lobby}:k:ann\na key"), 290'000);
}

TEST_F(RedisAdapterTest, ARoomWhoseStateExpiredBeforeItsRecentListStartsAfresh) {
  const auto gateway = start(options("g1"));
  RedisClient look(server_.url());
  const Seq ahead = send(*gateway, "lobby").value().position.seq + 3'600'000'000;
  look.run({"XADD", "stampede:{lobby}:r", std::to_string(ahead) + "-0", "p", "0", "m", "x"});
  look.run({"DEL", "stampede:{lobby}:s"});
  const auto got = send(*gateway, "lobby");
  ASSERT_TRUE(got) << got.error().detail;
  EXPECT_EQ(look.one({"XLEN", "stampede:{lobby}:r"}), "1");
}

TEST_F(RedisAdapterTest, TheRecentListIsBounded) {
  auto small = options("g1");
  small.recent_messages = 100;
  const auto gateway = start(small);
  for (int round = 0; round < 20; ++round) {
    std::vector<MessageRef> batch;
    for (int i = 0; i < 50; ++i) batch.push_back(make_message("lobby", std::string(200, 'x')));
    for (const auto& got : sequence(*gateway, batch)) ASSERT_TRUE(got);
  }
  const auto length = std::stoll(RedisClient(server_.url()).one({"XLEN", "stampede:{lobby}:r"}));
  EXPECT_GE(length, 100);
  EXPECT_LE(length, 200) << "at most one node of the stream over";
}

TEST_F(RedisAdapterTest, TheRecentListIsShorterWhereMessagesAreLarge) {
  const auto gateway = start(options("g1"));
  RedisClient look(server_.url());
  const std::string megabytes(3 * 1024 * 1024, 'x');
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(sequence(*gateway, {make_message("lobby", megabytes)}).at(0));
  }
  EXPECT_EQ(look.one({"XLEN", "stampede:{lobby}:r"}), "5") << "as many as 16 MiB hold";
  ASSERT_TRUE(sequence(*gateway, {make_message("lobby", std::string(9'000'000, 'x'))}).at(0));
  EXPECT_EQ(look.one({"XLEN", "stampede:{lobby}:r"}), "4") << "but four at least";
  ASSERT_TRUE(sequence(*gateway, {make_message("lobby", "small")}).at(0));
  EXPECT_EQ(look.one({"XLEN", "stampede:{lobby}:r"}), "5");
}

TEST_F(RedisAdapterTest, RefusalsOfTheServerAreUnavailableAndNamed) {
  const auto gateway = start(options("g1"));
  RedisClient look(server_.url());
  look.run({"CONFIG", "SET", "maxmemory", "1"});
  const auto got = send(*gateway, "lobby");
  ASSERT_FALSE(got);
  EXPECT_TRUE(got.error().is(Errc::kUnavailable));
  EXPECT_THAT(got.error().detail, HasSubstr("OOM"));
  look.run({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(eventually([&] { return send(*gateway, "lobby").has_value(); }));
}

TEST_F(RedisAdapterTest, RefusesToQueueWithoutBound) {
  auto small = options("g1");
  small.pending_bytes = 10'000;
  const auto gateway = start(small);
  server_.freeze();
  auto full = std::make_shared<std::promise<SequencedBatch>>();
  auto answer = full->get_future();
  gateway->sequence({{make_message("lobby", std::string(20'000, 'x')), kNoSeq}},
                    {loop_, [](const SequencedBatch&) {}});
  gateway->sequence({{make_message("lobby", "x"), kNoSeq}},
                    {loop_, [full](SequencedBatch got) { full->set_value(got); }});
  ASSERT_EQ(answer.wait_for(kPatience), std::future_status::ready);
  const auto got = answer.get().at(0);
  server_.thaw();
  ASSERT_FALSE(got);
  EXPECT_TRUE(got.error().is(Errc::kOverloaded));
  EXPECT_THAT(got.error().detail, HasSubstr("10000 bytes"));
}

TEST_F(RedisAdapterTest, AReplicaIsNoDirectory) {
  const auto gateway = start(options("g1"));
  RedisClient look(server_.url());
  look.run({"REPLICAOF", "127.0.0.1", std::to_string(RedisServer::free_port())});
  ASSERT_FALSE(send(*gateway, "lobby"));
  ASSERT_TRUE(eventually([&] { return !gateway->ready(); }));
  EXPECT_THAT(gateway->reason(), HasSubstr("READONLY"));
  look.run({"REPLICAOF", "NO", "ONE"});
  gateway->wait_ready();
  EXPECT_TRUE(send(*gateway, "lobby"));
}

class RedisRevocationsTest : public RedisAdapterTest {
 protected:
  Result<void> revoke(RedisGateway& at, const std::string& user) {
    return ask<Result<void>>(loop_, [&](auto reply) {
      at.revocations().revoke({UserId(user), {}, 0}, std::move(reply));
    });
  }
  std::shared_ptr<Inbox<Revocation>> watch(RedisGateway& at) {
    auto inbox = std::make_shared<Inbox<Revocation>>();
    at.revocations().watch(loop_,
                           [inbox](const std::vector<Revocation>& news) { inbox->add(news); });
    return inbox;
  }
};

TEST_F(RedisRevocationsTest, AreWrittenAgainWhenRedisHasLostThem) {
  const auto gateway = start(options("g1"));
  const auto heard = watch(*gateway);
  ASSERT_TRUE(revoke(*gateway, "ann"));
  const Revocation ann = heard->wait_for(1).at(0);
  server_.stop();
  ASSERT_TRUE(eventually([&] { return !gateway->ready(); }));
  server_.start();
  gateway->wait_ready();
  const auto newcomer = start(options("g2"));
  EXPECT_EQ(watch(*newcomer)->wait_for(1).at(0), ann);
}

TEST_F(RedisRevocationsTest, OfAnOutageAreHeardAfterIt) {
  const auto watcher = start(options("g1"));
  const auto heard = watch(*watcher);
  server_.freeze();
  ASSERT_TRUE(eventually([&] { return !watcher->ready(); }));
  const auto away = revoke(*watcher, "ann");
  ASSERT_FALSE(away);
  EXPECT_TRUE(away.error().is(Errc::kUnavailable));
  server_.thaw();
  watcher->wait_ready();
  const auto other = start(options("g2"));
  ASSERT_TRUE(revoke(*other, "bob"));
  heard->wait_until([](const std::vector<Revocation>& news) {
    return std::any_of(news.begin(), news.end(),
                       [](const Revocation& one) { return one.user == UserId("bob"); });
  });
}

TEST_F(RedisRevocationsTest, ExpireWithTheLastOfThem) {
  auto brief = options("g1");
  brief.revocation_ttl = Milliseconds(100);
  const auto gateway = start(brief);
  ASSERT_TRUE(revoke(*gateway, "ann"));
  RedisClient client(server_.url());
  EXPECT_TRUE(eventually([&] { return client.keys("*revocations*").empty(); }));
}

class RedisPasswordTest : public testing::Test {
 protected:
  RedisServer server_{{"--requirepass", "open sesame"}};
};

TEST_F(RedisPasswordTest, LogsInWithThePassword) {
  std::string url = server_.url();
  url.insert(std::string("redis://").size(), ":open%20sesame@");
  RedisGateway gateway({.url = url + "/3", .gateway = GatewayId("g1")});
  gateway.wait_ready();
  EXPECT_EQ(RedisClient(url + "/3").one({"ZCARD", "stampede:{gateways}:leases"}), "1");
}

TEST_F(RedisPasswordTest, SaysThatTheCredentialsAreRefusedAndKeepsThemToItself) {
  std::string url = server_.url();
  url.insert(std::string("redis://").size(), ":wrong-guess@");
  RedisGateway gateway({.url = url, .gateway = GatewayId("g1")});
  ASSERT_TRUE(eventually([&] {
    return gateway.reason().find("credentials are refused") != std::string::npos;
  })) << gateway.reason();
  EXPECT_THAT(gateway.reason(), HasSubstr("WRONGPASS"));
  EXPECT_THAT(gateway.reason(), Not(HasSubstr("wrong-guess")));
}

TEST_F(RedisPasswordTest, SaysThatAPasswordIsNeeded) {
  RedisGateway gateway({.url = server_.url(), .gateway = GatewayId("g1")});
  EXPECT_TRUE(eventually([&] { return gateway.reason().find("NOAUTH") != std::string::npos; }))
      << gateway.reason();
}

/// Counts how often it is copied.
struct CountsCopies {
  explicit CountsCopies(std::atomic<int>& into) : copies(&into) {}
  CountsCopies(const CountsCopies& other) : copies(other.copies) { ++*copies; }
  CountsCopies& operator=(const CountsCopies&) = delete;
  std::atomic<int>* copies;
};

// A gateway with 100,000 rooms once grew by gigabytes: each of 2,000 commands kept a copy of the
// reply, and each reply the 2,000 names that were asked for.
TEST_F(RedisAdapterTest, AskingForManyRoomsKeepsTheReplyOnce) {
  const auto gateway = start(options("g1"));
  std::vector<RoomName> rooms;
  for (int i = 0; i < 2'000; ++i) rooms.emplace_back("room-" + std::to_string(i));
  std::atomic<int> copies = 0;
  std::promise<std::size_t> answered;
  gateway->last(rooms, Reply<Result<std::vector<Seq>>>(
                           loop_, [&answered, counter = CountsCopies(copies)](const auto& last) {
                             answered.set_value(last ? last->size() : 0);
                           }));
  EXPECT_EQ(answered.get_future().get(), 2'000u);
  EXPECT_LT(copies, 20);
}

}  // namespace
}  // namespace stampede::test
