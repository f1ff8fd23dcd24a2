// Who the client is: CONNECT's credentials, refreshed tokens, their expiry, what is revoked.
#include "tests/unit/session/session_fixture.h"

namespace stampede::gateway {
namespace {

using namespace std::string_literals;

using auth::Credentials;
using auth::Principal;
using test::FakeAuth;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class SessionLoginTest : public SessionTest {
 protected:
  FakeAuth& authenticator() { return shard_.authenticator; }

  /// From now on everybody who comes is this one.
  void everybody_is(const Principal& principal) {
    authenticator().decide = [principal](const Credentials&) { return principal; };
  }
  void nobody_may_come(const std::string& reason) {
    authenticator().decide = [reason](const Credentials&) -> Result<Principal> {
      return Error(Errc::kDenied, reason);
    };
  }
  Principal token(Milliseconds lifetime) {
    Principal principal = FakeAuth::principal("ann");
    principal.source = Principal::Source::kToken;
    principal.token_id = "t1";
    principal.issued_at = shard_.clock.wall();
    principal.expires_at = shard_.clock.wall() + lifetime;
    return principal;
  }
  void answer() {
    authenticator().answer_all();
    shard_.executor.run();
  }
  void revoke(const Revocation& revocation) {
    if (shard_.admission.revoke({revocation})) shard_.roster.review_all();
    shard_.executor.run();
  }
  void expect_error(const std::string& message, CloseReason reason) {
    ASSERT_THAT(sent(), testing::Not(IsEmpty()));
    EXPECT_THAT(sent().back(), StartsWith("ERROR\n"));
    EXPECT_THAT(sent().back(), HasSubstr("message:" + message + "\n"));
    EXPECT_EQ(transport_.closed, reason);
  }
};

TEST_F(SessionLoginTest, TheUserIsWhomTheAuthenticatorNames) {
  everybody_is(FakeAuth::principal("ann"));
  frame("CONNECT\naccept-version:1.2\nlogin:somebody\npasscode:secret");
  EXPECT_THAT(sent().at(0), AllOf(StartsWith("CONNECTED\n"), HasSubstr("user-name:ann\n")));
  ASSERT_THAT(authenticator().asked, SizeIs(1));
  EXPECT_EQ(authenticator().asked[0].login, "somebody");
  EXPECT_EQ(authenticator().asked[0].passcode, "secret");
  EXPECT_EQ(authenticator().asked[0].peer_address, "127.0.0.1");
}

TEST_F(SessionLoginTest, TheAuthorizationHeaderIsHandedOnAsItIs) {
  frame("CONNECT\naccept-version:1.2\nAuthorization:Bearer a.b.c");
  ASSERT_THAT(authenticator().asked, SizeIs(1));
  EXPECT_EQ(authenticator().asked[0].authorization, "Bearer a.b.c");
}

TEST_F(SessionLoginTest, WhatTheHttpRequestProvedCountsWhenConnectProvesNothing) {
  test::FakeTransport transport;
  Session session(transport, shard_.context, SessionId("gw.0.2"), "Bearer of-the-upgrade");
  session.on_bytes("CONNECT\naccept-version:1.2\npasscode:\n\n\0"s);
  ASSERT_THAT(authenticator().asked, SizeIs(1));
  EXPECT_EQ(authenticator().asked[0].authorization, "Bearer of-the-upgrade");
}

TEST_F(SessionLoginTest, WhatConnectProvesCountsMoreThanTheHttpRequest) {
  test::FakeTransport transport;
  Session session(transport, shard_.context, SessionId("gw.0.2"), "Bearer of-the-upgrade");
  session.on_bytes("CONNECT\naccept-version:1.2\npasscode:own\n\n\0"s);
  ASSERT_THAT(authenticator().asked, SizeIs(1));
  EXPECT_EQ(authenticator().asked[0].authorization, "");
  EXPECT_EQ(authenticator().asked[0].passcode, "own");
}

TEST_F(SessionLoginTest, ARefusedConnectSaysNoMoreThanTheAuthenticator) {
  nobody_may_come("the login or the passcode is wrong");
  frame("CONNECT\naccept-version:1.2\nlogin:ann\npasscode:wrong");
  expect_error("Bad CONNECT", CloseReason::kLoginRefused);
  EXPECT_THAT(sent()[0], HasSubstr("the login or the passcode is wrong"));
  EXPECT_THAT(sent()[0], Not(HasSubstr("ann")));
}

TEST_F(SessionLoginTest, FramesBehindConnectWaitForTheAnswer) {
  authenticator().answer_at_once = false;
  receive(
      "CONNECT\naccept-version:1.1\nlogin:ann\n\n\0"
      "SUBSCRIBE\nid:0\ndestination:/topic/lobby\nreceipt:r1\n\n\0"
      "SEND\ndestination:/topic/lobby\n\nhi\\cthere\0"s);
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_TRUE(transport_.paused);
  answer();
  EXPECT_FALSE(transport_.paused);
  ASSERT_THAT(sent(), SizeIs(3));
  EXPECT_THAT(sent()[0], StartsWith("CONNECTED\nversion:1.1\n"));
  EXPECT_THAT(sent()[1], StartsWith("RECEIPT\n"));
  EXPECT_THAT(sent()[2], StartsWith("MESSAGE\n"));
}

TEST_F(SessionLoginTest, WhatIsBehindConnectMayBeAsLargeAsAUsersFrames) {
  authenticator().answer_at_once = false;
  receive("CONNECT\naccept-version:1.2\n\n\0SEND\ndestination:/topic/a\n\n"s +
          std::string(100'000, 'x') + '\0');
  EXPECT_TRUE(transport_.paused) << "and no more than one read is kept for a stranger";
  EXPECT_THAT(sent(), IsEmpty());
  answer();
  EXPECT_FALSE(transport_.closed);
  EXPECT_THAT(shard_.feed.appends, SizeIs(1));
}

TEST_F(SessionLoginTest, AnEndOfInputBehindConnectWaitsForTheAnswer) {
  authenticator().answer_at_once = false;
  frame("CONNECT\naccept-version:1.2");
  session_.on_end_of_input();
  EXPECT_FALSE(transport_.closed);
  answer();
  EXPECT_THAT(sent().at(0), StartsWith("CONNECTED\n"));
  EXPECT_EQ(transport_.closed, CloseReason::kClientLeft);
}

TEST_F(SessionLoginTest, AClientThatIsGoneIsNotAdmitted) {
  authenticator().answer_at_once = false;
  frame("CONNECT\naccept-version:1.2");
  session_.on_closed(CloseReason::kClientLeft);
  answer();
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_EQ(shard_.context.metrics.sessions.value(), 0);
}

TEST_F(SessionLoginTest, AnAnswerThatDoesNotComeEndsIt) {
  authenticator().answer_at_once = false;
  shard_.pass(Seconds(9));
  frame("CONNECT\naccept-version:1.2");
  shard_.pass(Seconds(19));
  EXPECT_FALSE(transport_.closed) << "a wrong passcode may be held back that long";
  shard_.pass(Seconds(2));
  expect_error("Connect timeout", CloseReason::kConnectTimeout);
  EXPECT_THAT(sent()[0], HasSubstr("20000 ms"));
  answer();
  EXPECT_THAT(sent(), SizeIs(1));
}

TEST_F(SessionLoginTest, AShutdownDoesNotWaitForTheAnswer) {
  authenticator().answer_at_once = false;
  frame("CONNECT\naccept-version:1.2");
  session_.on_shutdown();
  EXPECT_EQ(transport_.closed, CloseReason::kShuttingDown);
  answer();
  EXPECT_THAT(sent(), IsEmpty());
}

TEST_F(SessionLoginTest, SubscribeNeedsTheRightToRead) {
  everybody_is(FakeAuth::principal("ann", "lecture.*=read"));
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/lecture.1\nreceipt:r1");
  EXPECT_THAT(sent().at(0), StartsWith("RECEIPT\n"));
  frame("SUBSCRIBE\nid:1\ndestination:/topic/staff\nreceipt:r2");
  expect_error("access_refused", CloseReason::kAccessRefused);
  EXPECT_THAT(sent()[1], AllOf(HasSubstr("read"), HasSubstr("'staff'"), HasSubstr("'ann'"),
                               HasSubstr("receipt-id:r2\n")));
  EXPECT_EQ(shard_.context.metrics.access_refused(auth::Verb::kRead).value(), 1);
  EXPECT_EQ(shard_.context.metrics.access_refused(auth::Verb::kSend).value(), 0);
}

TEST_F(SessionLoginTest, SendNeedsTheRightToSend) {
  everybody_is(FakeAuth::principal("ann", "*=read;lobby=send"));
  connect();
  frame("SEND\ndestination:/topic/lobby\n\nhi");
  EXPECT_THAT(shard_.feed.appends, SizeIs(1));
  frame("SEND\ndestination:/topic/lecture\n\nhi");
  expect_error("access_refused", CloseReason::kAccessRefused);
  EXPECT_THAT(sent().back(), AllOf(HasSubstr("send"), HasSubstr("'lecture'")));
  EXPECT_THAT(shard_.feed.appends, SizeIs(1));
}

TEST_F(SessionLoginTest, SendInsideATransactionIsRefusedAtSendAndPublishesNothing) {
  everybody_is(FakeAuth::principal("ann", "lobby=send"));
  connect();
  frame("BEGIN\ntransaction:t");
  frame("SEND\ndestination:/topic/lobby\ntransaction:t\n\nallowed");
  frame("SEND\ndestination:/topic/other\ntransaction:t\n\nnot");
  expect_error("access_refused", CloseReason::kAccessRefused);
  EXPECT_THAT(shard_.feed.appends, IsEmpty());
}

TEST_F(SessionLoginTest, ATokenThatExpiredEndsTheSessionAfterTheGrace) {
  everybody_is(token(Seconds(60)));
  connect();
  shard_.pass(Seconds(69));
  EXPECT_FALSE(transport_.closed);
  shard_.pass(Seconds(2));
  expect_error("Token expired", CloseReason::kTokenExpired);
  EXPECT_THAT(sent()[0], AllOf(HasSubstr("2023-11-14T22:14:20Z"), HasSubstr("10 s")));
}

TEST_F(SessionLoginTest, ANewTokenInTimeKeepsTheSession) {
  everybody_is(token(Seconds(60)));
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/lobby");
  shard_.pass(Seconds(50));
  everybody_is(token(Seconds(100)));
  frame("SEND\ndestination:/app/auth\nreceipt:r1\nAuthorization:Bearer new");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], StartsWith("RECEIPT\nreceipt-id:r1\n"));
  EXPECT_EQ(authenticator().asked.back().authorization, "Bearer new");
  EXPECT_EQ(shard_.context.metrics.refreshes.value(), 1);
  shard_.pass(Seconds(100));
  EXPECT_FALSE(transport_.closed);
  shard_.pass(Seconds(12));
  EXPECT_EQ(transport_.closed, CloseReason::kTokenExpired);
}

TEST_F(SessionLoginTest, ANewTokenMayComeAsBodyOrPasscode) {
  everybody_is(token(Seconds(60)));
  connect();
  frame("SEND\ndestination:/app/auth\n\n a.b.c\n");
  EXPECT_EQ(authenticator().asked.back().authorization, "Bearer a.b.c");
  frame("SEND\ndestination:/app/auth\npasscode:d.e.f");
  EXPECT_EQ(authenticator().asked.back().passcode, "d.e.f");
  EXPECT_EQ(authenticator().asked.back().login, "ann");
  EXPECT_FALSE(transport_.closed);
  frame("SEND\ndestination:/app/auth\nreceipt:r3\n\n\n");
  expect_error("Missing header", CloseReason::kStompError);
  EXPECT_THAT(sent().back(), HasSubstr("receipt-id:r3\n"));
}

TEST_F(SessionLoginTest, FramesBehindARefreshWaitForIt) {
  everybody_is(FakeAuth::principal("ann", "lobby=read"));
  connect();
  authenticator().answer_at_once = false;
  everybody_is(FakeAuth::principal("ann", "lobby=read,send"));
  frame("SEND\ndestination:/app/auth\n\na.b.c");
  frame("SEND\ndestination:/topic/lobby\n\nhi");
  EXPECT_TRUE(transport_.paused);
  answer();
  EXPECT_FALSE(transport_.closed) << "the new token allows to send";
  EXPECT_THAT(shard_.feed.appends, SizeIs(1));
}

TEST_F(SessionLoginTest, ARefreshCannotChangeTheUser) {
  everybody_is(token(Seconds(60)));
  connect();
  everybody_is(FakeAuth::principal("bob"));
  frame("SEND\ndestination:/app/auth\nreceipt:r1\n\na.b.c");
  expect_error("Refresh refused", CloseReason::kLoginRefused);
  EXPECT_THAT(sent()[0], AllOf(HasSubstr("receipt-id:r1\n"), HasSubstr("another user")));
}

TEST_F(SessionLoginTest, ARefusedRefreshSaysWhy) {
  everybody_is(token(Seconds(60)));
  connect();
  nobody_may_come("the token has expired");
  frame("SEND\ndestination:/app/auth\n\na.b.c");
  expect_error("Refresh refused", CloseReason::kLoginRefused);
  EXPECT_THAT(sent()[0], HasSubstr("the token has expired"));
}

TEST_F(SessionLoginTest, ARefreshIsNoPartOfATransaction) {
  connect();
  frame("BEGIN\ntransaction:t");
  frame("SEND\ndestination:/app/auth\ntransaction:t\n\na.b.c");
  expect_error("Bad transaction", CloseReason::kStompError);
}

TEST_F(SessionLoginTest, ARefreshThatTakesRightsAwayNamesWhatIsLost) {
  everybody_is(FakeAuth::principal("ann", "*=read,send"));
  connect();
  frame("SUBSCRIBE\nid:keeps\ndestination:/topic/lobby");
  frame("SUBSCRIBE\nid:loses\ndestination:/topic/staff");
  everybody_is(FakeAuth::principal("ann", "lobby=read"));
  frame("SEND\ndestination:/app/auth\nreceipt:r1\n\na.b.c");
  expect_error("access_refused", CloseReason::kAccessRefused);
  ASSERT_THAT(sent(), SizeIs(1)) << "no RECEIPT";
  EXPECT_THAT(sent()[0], AllOf(HasSubstr("'loses'"), HasSubstr("staff"), Not(HasSubstr("keeps"))));
}

TEST_F(SessionLoginTest, ARevokedUserIsToldAndGone) {
  everybody_is(token(Seconds(600)));
  connect();
  revoke({UserId("bob"), "", shard_.clock.wall().count() / 1000});
  EXPECT_FALSE(transport_.closed) << "somebody else";
  shard_.clock.advance(Seconds(1));
  revoke({UserId("ann"), "", shard_.clock.wall().count() / 1000});
  expect_error("Session revoked", CloseReason::kRevoked);
  EXPECT_EQ(shard_.context.metrics.sessions.value(), 0);
}

TEST_F(SessionLoginTest, ARevokedTokenEndsItsSessionAndCannotBeginAnother) {
  everybody_is(token(Seconds(600)));
  connect();
  revoke({UserId(), "other", shard_.clock.wall().count() / 1000});
  EXPECT_FALSE(transport_.closed);
  revoke({UserId(), "t1", shard_.clock.wall().count() / 1000});
  expect_error("Session revoked", CloseReason::kRevoked);

  test::FakeTransport transport;
  Session again(transport, shard_.context, SessionId("gw.0.2"));
  again.on_bytes("CONNECT\naccept-version:1.2\n\n\0"s);
  shard_.executor.run();
  EXPECT_EQ(transport.closed, CloseReason::kLoginRefused);
}

TEST_F(SessionLoginTest, WhatIsRevokedWhileItIsLookedAtIsRefused) {
  authenticator().answer_at_once = false;
  everybody_is(token(Seconds(600)));
  frame("CONNECT\naccept-version:1.2");
  revoke({UserId(), "t1", shard_.clock.wall().count() / 1000});
  answer();
  expect_error("Bad CONNECT", CloseReason::kLoginRefused);
}

TEST_F(SessionLoginTest, AReviewTakesRightsAwayAndGivesThem) {
  everybody_is(FakeAuth::principal("ann", "*=read"));
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/lobby");
  authenticator().review = [](const Principal&) {
    return FakeAuth::principal("ann", "lobby=read,send");
  };
  shard_.roster.review_all();
  shard_.executor.run();
  frame("SEND\ndestination:/topic/lobby\n\nhi");
  EXPECT_FALSE(transport_.closed);
  authenticator().review = [](const Principal&) {
    return FakeAuth::principal("ann", "other=read");
  };
  shard_.roster.review_all();
  shard_.executor.run();
  expect_error("access_refused", CloseReason::kAccessRefused);
  EXPECT_THAT(sent().back(), HasSubstr("'0' (read lobby)"));
}

TEST_F(SessionLoginTest, AReviewMindsWhatATransactionHolds) {
  connect();
  frame("BEGIN\ntransaction:t");
  frame("SEND\ndestination:/topic/lobby\ntransaction:t\n\nhi");
  authenticator().review = [](const Principal&) { return FakeAuth::principal("ann", "*=read"); };
  shard_.roster.review_all();
  shard_.executor.run();
  expect_error("access_refused", CloseReason::kAccessRefused);
  EXPECT_THAT(sent().back(), HasSubstr("transaction 't' (send lobby)"));
}

TEST_F(SessionLoginTest, AUserWhoIsGoneFromTheFileIsGoneFromTheGateway) {
  connect();
  authenticator().review = [](const Principal&) -> Result<Principal> {
    return Error(Errc::kDenied, "the user is no longer in the users file");
  };
  shard_.roster.review_all();
  shard_.executor.run();
  expect_error("Session revoked", CloseReason::kRevoked);
  EXPECT_THAT(sent()[0], HasSubstr("no longer in the users file"));
}

}  // namespace
}  // namespace stampede::gateway
