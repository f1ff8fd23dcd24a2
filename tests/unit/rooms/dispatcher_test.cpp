#include "gateway/rooms/dispatcher.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/fake_bus.h"
#include "tests/support/fake_clock.h"
#include "tests/support/manual_executor.h"

namespace stampede::gateway {
namespace {

std::vector<RoomName> rooms_of_partition(std::uint32_t partition, std::size_t count) {
  std::vector<RoomName> out;
  for (std::size_t i = 0; out.size() < count; ++i) {
    RoomName room("room-" + std::to_string(i));
    if (partition_of(room) == partition) out.push_back(std::move(room));
  }
  return out;
}

MessageRef message_in(const RoomName& room) {
  auto message = std::make_shared<Message>();
  message->id = new_message_id();
  message->room = room;
  message->origin = GatewayId("elsewhere");
  return message;
}

constexpr std::uint32_t kPartition = 42;

MessageRef addressed(MessageKind kind) {
  auto message = std::make_shared<Message>();
  message->id = new_message_id();
  message->kind = kind;
  message->room = RoomName("room-1");
  message->origin = GatewayId("me");
  return message;
}

class DispatcherTest : public testing::Test {
 protected:
  void SetUp() override {
    shard_ = fanout_.attach(executor_, [this](std::vector<MessageRef> batch) {
      for (const MessageRef& message : batch) delivered_.push_back(message->room);
    });
    dispatcher_.start();
  }

  void open(const RoomName& room) {
    dispatcher_.open(shard_, room,
                     Reply<Result<void>>(executor_, [this](const Result<void>& result) {
                       answers_ += result ? '+' : '-';
                     }));
  }
  std::string answers() {
    executor_.run();
    return std::exchange(answers_, {});
  }
  void close(const RoomName& room) {
    dispatcher_.close(shard_, room);
    executor_.run();
  }
  void pass(Milliseconds time) {
    clock_.advance(time);
    executor_.advance(time);
  }
  double unwanted(const std::string& room) {
    return metrics_.counter("stampede_gateway_bus_unwanted_total", "", {{"room", room}}).value();
  }
  double whole_partitions() {
    return metrics_.gauge("stampede_gateway_bound_partitions", "").value();
  }

  test::FakeClock clock_;
  test::ManualExecutor executor_;
  Metrics metrics_;
  test::FakeBus bus_;
  LocalFanout fanout_;
  ShardIndex shard_ = 0;
  Dispatcher dispatcher_{executor_,       clock_,           bus_,    fanout_,
                         GatewayId("me"), {Seconds(30), 2}, metrics_};
  const std::vector<RoomName> rooms_ = rooms_of_partition(kPartition, 5);
  const BindingKey whole_{kPartition, {}};
  std::string answers_;
  std::vector<RoomName> delivered_;
};

TEST_F(DispatcherTest, RoomsOfOneTurnThatAreTooManyWaitForTheirPartition) {
  bus_.bind_at_once = false;
  for (const RoomName& room : rooms_) open(room);
  EXPECT_EQ(answers(), "");
  ASSERT_EQ(bus_.binds.size(), 1u);
  EXPECT_EQ(bus_.binds[0].keys, std::vector<BindingKey>{whole_});
  bus_.binds[0].bound(Result<void>());
  EXPECT_EQ(answers(), "+++++");
  EXPECT_EQ(whole_partitions(), 1);
}

TEST_F(DispatcherTest, SingleRoomsAreUnboundOnlyWhenTheirPartitionIsBound) {
  open(rooms_[0]);
  open(rooms_[1]);
  EXPECT_EQ(answers(), "++");
  bus_.bind_at_once = false;
  open(rooms_[2]);
  EXPECT_EQ(answers(), "");
  EXPECT_TRUE(bus_.unbound_keys.empty());
  bus_.binds.at(0).bound(Result<void>());
  EXPECT_EQ(answers(), "+");
  auto unbound = bus_.unbound_keys;
  std::sort(unbound.begin(), unbound.end());
  std::vector<BindingKey> expected{binding_of(rooms_[0]), binding_of(rooms_[1])};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(unbound, expected);
}

TEST_F(DispatcherTest, GoesBackToSingleRoomsAfterTheOthersHaveLingered) {
  for (const RoomName& room : rooms_) open(room);
  EXPECT_EQ(answers(), "+++++");
  bus_.bound_keys.clear();
  for (std::size_t i = 1; i < rooms_.size(); ++i) close(rooms_[i]);
  pass(Seconds(29));
  EXPECT_TRUE(bus_.bound_keys.empty());
  pass(Seconds(31));
  executor_.run();
  EXPECT_EQ(bus_.bound_keys, std::vector<BindingKey>{binding_of(rooms_[0])});
  EXPECT_EQ(bus_.unbound_keys, std::vector<BindingKey>{whole_});
  EXPECT_EQ(whole_partitions(), 0);
}

TEST_F(DispatcherTest, DropsAndCountsWhatHasNoMemberHere) {
  for (std::size_t i = 0; i < 4; ++i) open(rooms_[i]);
  executor_.run();
  close(rooms_[3]);
  bus_.arrive(
      {message_in(rooms_[0]), message_in(rooms_[3]), message_in(rooms_[4]), message_in(rooms_[4])});
  executor_.run();
  EXPECT_EQ(delivered_, std::vector<RoomName>{rooms_[0]});
  EXPECT_EQ(unwanted("lingering"), 1);
  EXPECT_EQ(unwanted("elsewhere"), 2);
}

TEST_F(DispatcherTest, APartitionThatCannotBeBoundFailsItsRoomsAndMayBeAskedForAgain) {
  bus_.bind_at_once = false;
  for (const RoomName& room : rooms_) open(room);
  executor_.run();
  bus_.binds.at(0).bound(Error(Errc::kUnavailable, "the broker is away"));
  EXPECT_EQ(answers(), "-----");
  bus_.bind_at_once = true;
  open(rooms_[0]);
  EXPECT_EQ(answers(), "+");
}

TEST_F(DispatcherTest, WhatIsForTheGatewayGoesToItsShardsAndToNoRoom) {
  std::vector<MessageKind> kinds;
  fanout_.attach_addressed(shard_, [&](const std::vector<MessageRef>& batch) {
    for (const MessageRef& message : batch) kinds.push_back(message->kind);
  });
  open(RoomName("room-1"));
  executor_.run();
  bus_.arrive({addressed(MessageKind::kDirect), addressed(MessageKind::kStored),
               addressed(MessageKind::kRefused)});
  executor_.run();
  EXPECT_EQ(kinds, (std::vector<MessageKind>{MessageKind::kDirect, MessageKind::kStored,
                                             MessageKind::kRefused}));
  EXPECT_TRUE(delivered_.empty());
}

TEST_F(DispatcherTest, TakesItsOwnMessagesFromAWorkerAndFromNobodyElse) {
  open(RoomName("room-1"));
  executor_.run();
  bus_.arrive({addressed(MessageKind::kChat), addressed(MessageKind::kStoreFirst)});
  executor_.run();
  EXPECT_EQ(delivered_.size(), 1U);
}

}  // namespace
}  // namespace stampede::gateway
