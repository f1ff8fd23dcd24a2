#include "gateway/rooms/presence_announcer.h"
#include "tests/unit/session/session_fixture.h"

namespace stampede::gateway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

const RoomName kRoom = *parse_room_name("a");

class SessionPresenceTest : public SessionTest {
 protected:
  void SetUp() override { announcer_.start(); }

  std::size_t members() {
    std::size_t count = 0;
    shard_.directory.members(
        kRoom, Reply<Result<std::vector<Member>>>(
                   shard_.executor, [&](const auto& found) { count = found->size(); }));
    shard_.executor.run();
    return count;
  }
  void enter(const std::string& user, std::size_t capacity = 0) {
    shard_.directory.enter({Member{kRoom, SessionId(user), UserId(user), 7, capacity}},
                           Reply<std::vector<Result<Seq>>>(shard_.executor, [](const auto&) {}));
    shard_.executor.run();
  }
  void leave(const std::string& user) {
    shard_.directory.leave({Member{kRoom, SessionId(user), UserId(user), 7}});
    shard_.executor.run();
  }

  PresenceAnnouncer announcer_{shard_.executor,  shard_.clock, GatewayId("gw"), {},
                               shard_.directory, shard_.bus,   shard_.fanout,   shard_.metrics};
};

TEST_F(SessionPresenceTest, TheUsersComeBeforeTheReceiptAndTheChangesAfterIt) {
  enter("bob");
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\npresence:true\nreceipt:r");
  ASSERT_THAT(sent(), SizeIs(testing::Ge(2U)));
  EXPECT_THAT(sent()[0], AllOf(StartsWith("MESSAGE\n"), HasSubstr("subscription:0\n"),
                               HasSubstr("destination:/topic/a\n"), HasSubstr("event:members\n"),
                               HasSubstr("members:2\n"), HasSubstr(R"("user":"ann","sessions":1)"),
                               Not(HasSubstr("seq:")), Not(HasSubstr("sender:"))));
  EXPECT_THAT(sent()[1], HasSubstr("RECEIPT\nreceipt-id:r\n"));
  sent().clear();
  leave("bob");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], AllOf(HasSubstr("event:leave\n"), HasSubstr("user:bob\n"),
                               HasSubstr("members:1\n"), HasSubstr("timestamp:"),
                               Not(HasSubstr("seq:")), Not(HasSubstr("content-length"))));
}

TEST_F(SessionPresenceTest, WhoDoesNotAskIsToldNothing) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("SUBSCRIBE\nid:1\ndestination:/topic/a\npresence:false");
  enter("bob");
  EXPECT_THAT(sent(), IsEmpty());
}

TEST_F(SessionPresenceTest, OneSessionMayAskWithOneOfItsSubscriptions) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("SUBSCRIBE\nid:1\ndestination:/topic/a\npresence:true");
  sent().clear();
  enter("bob");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], HasSubstr("subscription:1\n"));
  frame("SEND\ndestination:/topic/a\n\nhi");
  EXPECT_THAT(sent(), SizeIs(3)) << "chat goes to both";
}

TEST_F(SessionPresenceTest, IsTrueOrFalse) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\npresence:yes\nreceipt:r");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], AllOf(HasSubstr("message:Invalid header\n"), HasSubstr("receipt-id:r\n"),
                               HasSubstr("presence is 'yes'; allowed: true, false")));
}

TEST_F(SessionPresenceTest, NeedsTheRight) {
  shard_.authenticator.decide = [](const auth::Credentials&) {
    return Result<auth::Principal>(test::FakeAuth::principal("ann", "*=read,send"));
  };
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  EXPECT_THAT(sent(), IsEmpty());
  frame("SUBSCRIBE\nid:1\ndestination:/topic/a\npresence:true");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], HasSubstr("has no right to presence in room 'a'"));
  EXPECT_EQ(transport_.closed, CloseReason::kAccessRefused);
  EXPECT_EQ(shard_.context.metrics.access_refused(auth::Verb::kPresence).value(), 1);
}

TEST_F(SessionPresenceTest, ARightThatIsLostEndsTheSession) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\npresence:true");
  sent().clear();
  shard_.authenticator.review = [](const auth::Principal&) {
    return Result<auth::Principal>(test::FakeAuth::principal("ann", "*=read,send"));
  };
  shard_.roster.review_all();
  shard_.executor.run();
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], HasSubstr("subscription '0' (presence a)"));
}

TEST_F(SessionPresenceTest, AFullRoomIsAnErrorOfItsOwn) {
  enter("bob");
  RoomRegistry::Options options;
  options.capacity = [](const RoomName&) { return std::size_t{1}; };
  RoomRegistry rooms(shard_.executor, shard_.clock, options, shard_.directory, shard_.directory,
                     shard_.backlog, shard_.dispatcher, shard_.fanout, shard_.metrics);
  SessionContext limited{shard_.executor, shard_.clock,     shard_.wheel,
                         rooms,           shard_.publisher, shard_.queues,
                         shard_.direct,   shard_.admission, shard_.roster,
                         GatewayId("gw"), SessionLimits{},  SessionMetrics(shard_.metrics)};
  test::FakeTransport transport;
  Session session(transport, limited, SessionId("gw.0.9"));
  const auto receive = [&](std::string text) {
    text += "\n\n";
    text += '\0';
    session.on_bytes(text);
    shard_.executor.run();
  };
  receive("CONNECT\naccept-version:1.2\nlogin:ann");
  receive("SUBSCRIBE\nid:0\ndestination:/topic/a\nreceipt:r");
  ASSERT_THAT(transport.sent, SizeIs(2));
  EXPECT_THAT(transport.sent[1],
              AllOf(StartsWith("ERROR\n"), HasSubstr("message:Room full\n"),
                    HasSubstr("receipt-id:r\n"), HasSubstr("room 'a' holds 1 users")));
  EXPECT_EQ(transport.closed, CloseReason::kRoomFull);
  EXPECT_EQ(close_info(CloseReason::kRoomFull).websocket_code, 4005);
  EXPECT_THAT(shard_.metrics.expose(),
              HasSubstr("stampede_gateway_limit_hits_total{limit=\"room_capacity\"} 1\n"));
  EXPECT_EQ(members(), 1U);
}

TEST_F(SessionPresenceTest, UnsubscribeAndDisconnectLeaveAtOnce) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("UNSUBSCRIBE\nid:0");
  EXPECT_EQ(members(), 0U);
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  EXPECT_EQ(members(), 1U);
  frame("DISCONNECT");
  EXPECT_EQ(members(), 0U);
}

TEST_F(SessionPresenceTest, AConnectionThatEndsLeavesAfterTheGrace) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  session_.on_closed(CloseReason::kTransportFailed);
  shard_.executor.run();
  EXPECT_EQ(members(), 1U);
  shard_.pass(Milliseconds(9'900));
  EXPECT_EQ(members(), 1U);
  shard_.pass(Milliseconds(200));
  EXPECT_EQ(members(), 0U);
}

TEST_F(SessionPresenceTest, WhoIsThrownOutLeavesAtOnce) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  EXPECT_EQ(members(), 1U);
  frame("BEGIN");
  ASSERT_EQ(transport_.closed, CloseReason::kStompError);
  EXPECT_EQ(members(), 0U);
}

TEST_F(SessionPresenceTest, WhoFallsSilentMayBeBack) {
  connect("accept-version:1.2\nlogin:ann\nheart-beat:1000,0");
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  while (!transport_.closed) shard_.pass(Milliseconds(1'000));
  ASSERT_EQ(transport_.closed, CloseReason::kHeartBeatMissed);
  EXPECT_EQ(members(), 1U);
}

}  // namespace
}  // namespace stampede::gateway
