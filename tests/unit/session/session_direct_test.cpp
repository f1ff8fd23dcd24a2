// Direct messages as a client sees them.
#include "tests/unit/session/session_fixture.h"

namespace stampede::gateway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class SessionDirectTest : public SessionTest {
 protected:
  /// One that another gateway sends here.
  void arrive(const std::string& recipient, const std::string& body) {
    auto message = std::make_shared<Message>();
    message->id = new_message_id();
    message->kind = MessageKind::kDirect;
    message->recipient = UserId(recipient);
    message->room = RoomName("notes");
    message->sender = UserId("bob");
    message->origin = GatewayId("elsewhere");
    message->timestamp_ms = 7;
    message->body = body;
    shard_.bus.arrive({message});
    shard_.executor.run();
  }
  /// Sessions of `user` on another gateway.
  void enter_elsewhere(const std::string& user, int sessions) {
    std::vector<QueueSession> all;
    for (int i = 0; i < sessions; ++i) {
      all.push_back({{UserId(user), RoomName("notes")}, SessionId(std::to_string(i))});
    }
    elsewhere_.enter(std::move(all), Reply<Result<void>>(shard_.executor, [](const auto&) {}));
  }

  memory::MemoryUserDirectory elsewhere_{shard_.users, GatewayId("elsewhere")};
};

TEST_F(SessionDirectTest, OnesOwnMessagesArriveWithoutTheBroker) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/user/queue/notes\nreceipt:s");
  frame("SEND\ndestination:/user/ann/queue/notes\nx-mood:fine\nreceipt:r\n\nhi");
  ASSERT_THAT(sent(), SizeIs(3));
  EXPECT_THAT(sent()[0], AllOf(StartsWith("RECEIPT\nreceipt-id:s\n"), Not(HasSubstr("seq:"))));
  EXPECT_THAT(
      sent()[1],
      AllOf(StartsWith("MESSAGE\nsubscription:0\n"), HasSubstr("destination:/user/queue/notes\n"),
            HasSubstr("sender:ann\n"), HasSubstr("timestamp:"), HasSubstr("x-mood:fine\n"),
            Not(HasSubstr("seq:")), HasSubstr("\n\nhi")));
  EXPECT_THAT(sent()[2], AllOf(StartsWith("RECEIPT\nreceipt-id:r\n"), HasSubstr("sessions:1\n")));
  EXPECT_THAT(shard_.bus.sent, IsEmpty());
  EXPECT_THAT(shard_.feed.appends, IsEmpty());
}

TEST_F(SessionDirectTest, GoToEachGatewayOnceAndTheReceiptCountsSessions) {
  connect();
  enter_elsewhere("bob", 3);
  frame("SEND\ndestination:/user/bob/queue/notes\nreceipt:r\n\nhi");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], HasSubstr("sessions:3\n"));
  ASSERT_THAT(shard_.bus.sent, SizeIs(1));
  EXPECT_EQ(shard_.bus.sent[0].first, GatewayId("elsewhere"));
  EXPECT_EQ(shard_.bus.sent[0].second->recipient, UserId("bob"));
  EXPECT_THAT(shard_.bus.published, IsEmpty());
}

TEST_F(SessionDirectTest, NobodyIsThereIsSaidByTheReceipt) {
  connect();
  frame("SEND\ndestination:/user/bob/queue/notes\nreceipt:r\n\nhi");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], HasSubstr("sessions:0\n"));
  EXPECT_THAT(shard_.bus.sent, IsEmpty());
}

TEST_F(SessionDirectTest, OnlyTheRecipientsQueueHearsWhatArrives) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/user/queue/notes");
  frame("SUBSCRIBE\nid:1\ndestination:/user/queue/calls");
  arrive("bob", "for bob");
  EXPECT_THAT(sent(), IsEmpty());
  arrive("ann", "for ann");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], AllOf(HasSubstr("subscription:0\n"), HasSubstr("sender:bob\n")));
}

TEST_F(SessionDirectTest, TwoSubscriptionsOfASessionGetItTwiceAndCountOnce) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/user/queue/notes");
  frame("SUBSCRIBE\nid:1\ndestination:/user/queue/notes\nack:client-individual");
  frame("SEND\ndestination:/user/ann/queue/notes\nreceipt:r\n\nhi");
  ASSERT_THAT(sent(), SizeIs(3));
  EXPECT_THAT(sent()[2], HasSubstr("sessions:1\n"));
  frame("UNSUBSCRIBE\nid:0");
  sent().clear();
  frame("SEND\ndestination:/user/ann/queue/notes\nreceipt:r\n\nhi");
  ASSERT_THAT(sent(), SizeIs(2));
  EXPECT_THAT(sent()[0], AllOf(HasSubstr("subscription:1\n"), HasSubstr("ack:")));
  frame("UNSUBSCRIBE\nid:1");
  sent().clear();
  frame("SEND\ndestination:/user/ann/queue/notes\nreceipt:r\n\nhi");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], HasSubstr("sessions:0\n"));
}

TEST_F(SessionDirectTest, WaitForTheirTransaction) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/user/queue/notes");
  frame("BEGIN\ntransaction:t");
  frame("SEND\ndestination:/user/ann/queue/notes\ntransaction:t\nreceipt:r\n\nhi");
  EXPECT_THAT(sent(), IsEmpty());
  frame("COMMIT\ntransaction:t\nreceipt:c");
  ASSERT_THAT(sent(), SizeIs(3));
  EXPECT_THAT(sent()[1], AllOf(HasSubstr("receipt-id:r\n"), HasSubstr("sessions:1\n")));
  EXPECT_THAT(sent()[2], HasSubstr("receipt-id:c\n"));
}

TEST_F(SessionDirectTest, ASessionThatEndsIsFoundNoMore) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/user/queue/notes");
  frame("DISCONNECT");
  std::size_t places = 1;
  elsewhere_.find({{UserId("ann"), RoomName("notes")}},
                  Reply<Result<UserDirectory::Places>>(
                      shard_.executor, [&](const auto& found) { places = found->at(0).size(); }));
  shard_.executor.run();
  EXPECT_EQ(places, 0U);
}

TEST_F(SessionDirectTest, AreNotKeptSoHistoryAndPersistenceAreRefused) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/user/queue/notes\nhistory:3\nreceipt:s");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], AllOf(HasSubstr("message:Invalid header\n"), HasSubstr("keeps nothing")));
}

TEST_F(SessionDirectTest, PersistentTrueToAUserIsRefused) {
  connect();
  frame("SEND\ndestination:/user/bob/queue/notes\npersistent:true\n\nhi");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], AllOf(HasSubstr("message:Invalid header\n"), HasSubstr("are not kept")));
}

TEST_F(SessionDirectTest, TheRightToSendOneIsItsOwn) {
  shard_.authenticator.decide = [](const auto&) {
    return test::FakeAuth::principal("ann", "*=read,send;bob=direct");
  };
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/user/queue/notes\nreceipt:s");
  frame("SEND\ndestination:/user/bob/queue/notes\nreceipt:r\n\nhi");
  ASSERT_THAT(sent(), SizeIs(2)) << "reading one's own needs no right";
  frame("SEND\ndestination:/user/eve/queue/notes\nreceipt:r\n\nhi");
  ASSERT_THAT(sent(), SizeIs(3));
  EXPECT_THAT(sent()[2], AllOf(HasSubstr("message:access_refused\n"),
                               HasSubstr("no right to direct messages to user 'eve'")));
}

}  // namespace
}  // namespace stampede::gateway
