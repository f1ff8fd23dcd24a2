#include "tests/unit/rooms/room_fixture.h"

namespace stampede::gateway {
namespace {

/// Of nobody, wherever one wants it.
MessageRef at(Position position) {
  Message message;
  message.id = new_message_id();
  message.room = kRoom;
  return with_position(message, position);
}

TEST_F(RoomRegistryTest, IsLiveOnlyAfterBindOk) {
  bus_.bind_at_once = false;
  Listener listener;
  subscribe(listener);
  executor_.run();
  ASSERT_EQ(bus_.binds.size(), 1u);
  EXPECT_FALSE(listener.live);
  EXPECT_EQ(members(), 0u);
  bus_.binds[0].bound(Result<void>());
  executor_.run();
  ASSERT_TRUE(listener.live);
  EXPECT_TRUE(listener.live->has_value());
  EXPECT_EQ(members(), 1u);
}

TEST_F(RoomRegistryTest, ManyRoomsOfOneTurnShareOneBind) {
  bus_.bind_at_once = false;
  std::vector<std::unique_ptr<Listener>> listeners;
  for (int i = 0; i < 100; ++i) {
    listeners.push_back(std::make_unique<Listener>());
    registry_.subscribe(
        Member{RoomName("room-" + std::to_string(i)), SessionId("s"), UserId("ann"), 0},
        *listeners.back(), [](const Result<Started>&) {});
  }
  executor_.run();
  ASSERT_EQ(bus_.binds.size(), 1u);
  EXPECT_EQ(bus_.binds[0].keys.size(), 100u);
}

TEST_F(RoomRegistryTest, TellsThePositionUpToWhichAllIsHistory) {
  const Seq history = sent_elsewhere()->position.seq;
  Listener listener;
  subscribe(listener);
  executor_.run();
  EXPECT_EQ(**listener.live, history);
  const MessageRef next = sent_elsewhere();
  bus_.arrive({next});
  executor_.run();
  EXPECT_EQ(listener.seqs, (std::vector<Seq>{next->position.seq}));
}

TEST_F(RoomRegistryTest, AMessageThatOvertakesTheEnterIsDeliveredOnce) {
  bus_.bind_at_once = false;
  Listener listener;
  subscribe(listener);
  executor_.run();
  // Published by another gateway after our bind was made and before our enter is answered.
  const MessageRef early = sent_elsewhere();
  bus_.binds[0].bound(Result<void>());
  bus_.arrive({early});
  executor_.run();
  // It was sequenced before the enter, so it is history: told by position, not delivered.
  EXPECT_EQ(**listener.live, early->position.seq);
  EXPECT_TRUE(listener.seqs.empty());
}

TEST_F(RoomRegistryTest, ReordersWhatTwoGatewaysSent) {
  Listener listener;
  subscribe(listener);
  executor_.run();
  const MessageRef first = sent_elsewhere();
  const MessageRef second = sent_elsewhere();
  bus_.arrive({second});
  executor_.run();
  EXPECT_TRUE(listener.seqs.empty());
  bus_.arrive({first});
  executor_.run();
  EXPECT_EQ(listener.seqs, (std::vector<Seq>{first->position.seq, second->position.seq}));
}

TEST_F(RoomRegistryTest, ABatchOfSeveralRoomsAndKindsKeepsEachRoomsOrder) {
  Listener listener;
  subscribe(listener);
  executor_.run();
  std::vector<MessageRef> sent;
  for (int i = 0; i < 4; ++i) sent.push_back(sent_elsewhere());
  auto ephemeral = std::make_shared<Message>(*sent[0]);
  ephemeral->kind = MessageKind::kEphemeral;
  ephemeral->position = {};
  auto nobodys = std::make_shared<Message>(*sent[0]);
  nobodys->room = *parse_room_name("nobody-here");
  // The third comes before the second, and what has no position stays where it is.
  registry_.deliver({sent[0], ephemeral, sent[2], nobodys, sent[1], sent[3]});
  EXPECT_EQ(listener.seqs, (std::vector<Seq>{sent[0]->position.seq, 0, sent[1]->position.seq,
                                             sent[2]->position.seq, sent[3]->position.seq}));
  EXPECT_NE(metrics_.expose().find("stampede_gateway_delivered_total 5"), std::string::npos);
  EXPECT_NE(metrics_.expose().find("stampede_gateway_held_total 1"), std::string::npos);
}

TEST_F(RoomRegistryTest, TheFirstPlacedMessageAfterAGapSaysSoAndNoOther) {
  sent_elsewhere();
  Listener listener;
  subscribe(listener);
  executor_.run();
  const Seq far = **listener.live + 1'000'000'000;
  registry_.deliver({at({far, far - 1}), at({far + 2, far})});
  pass(Milliseconds(2'300));
  registry_.deliver({at({}), at({far + 3, far + 2})});
  ASSERT_EQ(listener.seqs, (std::vector<Seq>{far, far + 2, 0, far + 3}));
  std::vector<bool> told;
  for (const std::string& frame : listener.frames) {
    told.push_back(frame.find("recovered:false\n") != std::string::npos);
  }
  EXPECT_EQ(told, (std::vector<bool>{true, false, false, false}));
}

TEST_F(RoomRegistryTest, HealsALostMessageFromTheRecentList) {
  Listener listener;
  subscribe(listener);
  executor_.run();
  const MessageRef lost = sent_elsewhere();
  const MessageRef next = sent_elsewhere();
  bus_.arrive({next});
  executor_.run();
  pass(Milliseconds(49));
  EXPECT_TRUE(listener.seqs.empty()) << "the reorder window is not over";
  pass(Milliseconds(2));
  EXPECT_EQ(listener.seqs, (std::vector<Seq>{lost->position.seq, next->position.seq}));
}

/// A broker that is seconds behind: the messages of another gateway come late, one after the other,
/// and are in neither list nor history yet.
TEST_F(RoomRegistryTest, WhatIsLateIsNotGivenUpWhileSomeOfItComes) {
  sent_elsewhere();
  Listener listener;
  subscribe(listener);
  executor_.run();
  const Seq last = **listener.live;
  constexpr Seq kCount = 20;
  for (Seq seq = last + 2; seq <= last + kCount; seq += 2) registry_.deliver({at({seq, seq - 1})});
  std::vector<Seq> all;
  for (Seq seq = last + 1; seq <= last + kCount; seq += 2) {
    for (int i = 0; i < 15; ++i) pass(Milliseconds(100));
    registry_.deliver({at({seq, seq - 1})});
    all.insert(all.end(), {seq, seq + 1});
  }
  EXPECT_EQ(listener.seqs, all);
  EXPECT_NE(metrics_.expose().find("stampede_gateway_unhealed_total 0"), std::string::npos);
}

TEST_F(RoomRegistryTest, DeliversAroundAGapThatNobodyCanFill) {
  sent_elsewhere();
  Listener listener;
  subscribe(listener);
  executor_.run();
  const Seq last = **listener.live;
  Message orphan = *sent_elsewhere();
  orphan.position = {last + 1'000'000'000, last + 999'999'999};
  bus_.arrive({std::make_shared<const Message>(orphan)});
  executor_.run();
  pass(Milliseconds(60));
  pass(Milliseconds(1'900));
  EXPECT_EQ(listener.seqs.size(), 1u) << "the one before it is looked for again and again";
  pass(Milliseconds(400));
  ASSERT_FALSE(listener.seqs.empty());
  EXPECT_EQ(listener.seqs.back(), orphan.position.seq);
  EXPECT_NE(metrics_.expose().find("stampede_gateway_unhealed_total 1"), std::string::npos);
  EXPECT_NE(listener.frames.back().find("recovered:false\n"), std::string::npos)
      << "the client is told";
}

TEST_F(RoomRegistryTest, EncodesOncePerSubscriptionId) {
  Listener a("sub-0");
  Listener b("sub-0");
  Listener c("sub-1");
  subscribe(a, "s1");
  subscribe(b, "s2");
  subscribe(c, "s3");
  executor_.run();
  bus_.arrive({sent_elsewhere()});
  executor_.run();
  EXPECT_EQ(a.frames, b.frames);
  EXPECT_NE(a.frames[0].find("subscription:sub-0\n"), std::string::npos);
  EXPECT_NE(c.frames[0].find("subscription:sub-1\n"), std::string::npos);
}

TEST_F(RoomRegistryTest, ASecondSubscriptionOfASessionKeepsItsMembership) {
  Listener a("sub-0");
  Listener b("sub-1");
  subscribe(a);
  subscribe(b);
  executor_.run();
  EXPECT_EQ(members(), 1u);
  registry_.unsubscribe(kRoom, SessionId("s1"), a, RoomRegistry::Leaving::kAtOnce);
  executor_.run();
  EXPECT_EQ(members(), 1u);
  bus_.arrive({sent_elsewhere()});
  executor_.run();
  EXPECT_TRUE(a.seqs.empty());
  EXPECT_EQ(b.seqs.size(), 1u);
  registry_.unsubscribe(kRoom, SessionId("s1"), b, RoomRegistry::Leaving::kAtOnce);
  executor_.run();
  EXPECT_EQ(members(), 0u);
}

TEST_F(RoomRegistryTest, LeavingAndEnteringInOneTurnLeavesOneMember) {
  Listener a;
  subscribe(a);
  executor_.run();
  registry_.unsubscribe(kRoom, SessionId("s1"), a, RoomRegistry::Leaving::kAtOnce);
  Listener b;
  subscribe(b);
  executor_.run();
  EXPECT_TRUE(b.live && b.live->has_value());
  EXPECT_EQ(members(), 1u);
}

TEST_F(RoomRegistryTest, UnsubscribedBeforeLiveIsForgotten) {
  bus_.bind_at_once = false;
  Listener listener;
  subscribe(listener);
  executor_.run();
  registry_.unsubscribe(kRoom, SessionId("s1"), listener, RoomRegistry::Leaving::kAtOnce);
  bus_.binds[0].bound(Result<void>());
  executor_.run();
  EXPECT_FALSE(listener.live);
  EXPECT_EQ(members(), 0u);
}

TEST_F(RoomRegistryTest, AFailedBindFailsEverySubscriptionThatWaits) {
  bus_.bind_at_once = false;
  Listener a;
  Listener b;
  subscribe(a, "s1");
  subscribe(b, "s2");
  executor_.run();
  bus_.binds[0].bound(Error(Errc::kUnavailable, "broker away"));
  executor_.run();
  ASSERT_TRUE(a.live && b.live);
  EXPECT_EQ(a.live->error().detail, "broker away");
  EXPECT_FALSE(b.live->has_value());
  // A later attempt starts afresh.
  bus_.bind_at_once = true;
  Listener again;
  subscribe(again);
  executor_.run();
  EXPECT_TRUE(again.live && again.live->has_value());
}

TEST_F(RoomRegistryTest, UnbindsAfterTheLingerOnly) {
  Listener listener;
  subscribe(listener);
  executor_.run();
  registry_.unsubscribe(kRoom, SessionId("s1"), listener, RoomRegistry::Leaving::kAtOnce);
  executor_.run();
  pass(Seconds(29));
  EXPECT_TRUE(bus_.unbound_keys.empty());
  pass(Seconds(32));
  EXPECT_EQ(bus_.unbound_keys, (std::vector<BindingKey>{binding_of(kRoom)}));
}

TEST_F(RoomRegistryTest, ComingBackWithinTheLingerKeepsTheBinding) {
  Listener listener;
  subscribe(listener);
  executor_.run();
  registry_.unsubscribe(kRoom, SessionId("s1"), listener, RoomRegistry::Leaving::kAtOnce);
  executor_.run();
  pass(Seconds(20));
  subscribe(listener);
  executor_.run();
  pass(Seconds(60));
  EXPECT_TRUE(bus_.unbound_keys.empty());
  EXPECT_EQ(bus_.bound_keys.size(), 1u);
}

TEST_F(RoomRegistryTest, DropsItsOwnMessagesFromTheBus) {
  Listener listener;
  subscribe(listener);
  executor_.run();
  Message own = *sent_elsewhere();
  own.origin = GatewayId("me");
  bus_.arrive({std::make_shared<const Message>(own)});
  executor_.run();
  EXPECT_TRUE(listener.seqs.empty());
}

}  // namespace
}  // namespace stampede::gateway
