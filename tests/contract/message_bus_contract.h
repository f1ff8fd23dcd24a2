#pragma once

// What every MessageBus must keep. Include in one .cpp per test binary and instantiate:
//
//     INSTANTIATE_TEST_SUITE_P(Memory, MessageBusContract,
//                              testing::Values([] { return std::make_unique<MemoryBusFixture>();
//                              }));

#include <algorithm>
#include <atomic>
#include <thread>

#include "shared/ports/message_bus.h"
#include "shared/runtime/loop.h"
#include "tests/contract/asking.h"

namespace stampede::test {

/// One broker for the time of a test.
class BusFixture {
 public:
  virtual ~BusFixture() = default;
  /// The bus of a gateway of that name, not started. All of one fixture share the broker. The test
  /// destroys it before the executors it was given and before the fixture.
  virtual std::unique_ptr<MessageBus> make_bus(const GatewayId& gateway) = 0;
};

using BusFixtureFactory = std::function<std::unique_ptr<BusFixture>()>;

class MessageBusContract : public testing::TestWithParam<BusFixtureFactory> {
 protected:
  /// A gateway as the bus sees it: a thread, a bus, what arrived.
  struct Gateway {
    explicit Gateway(std::unique_ptr<MessageBus> made) : bus(std::move(made)) {
      loop.start();
      bus->start(loop, [this](std::vector<MessageRef> batch) {
        EXPECT_TRUE(loop.is_current()) << "the handler ran on a foreign thread";
        EXPECT_FALSE(batch.empty());
        inbox.add(std::move(batch));
      });
    }
    ~Gateway() {
      bus.reset();
      loop.stop();
    }

    Result<void> bind_keys(const std::vector<BindingKey>& keys) {
      return ask<Result<void>>(loop, [&](auto reply) { bus->bind(keys, reply); });
    }
    Result<void> bind(const std::vector<std::string>& names) { return bind_keys(rooms(names)); }
    void unbind_keys(const std::vector<BindingKey>& keys) { bus->unbind(keys); }
    void unbind(const std::vector<std::string>& names) { unbind_keys(rooms(names)); }
    void publish(std::vector<MessageRef> batch) { bus->publish(std::move(batch)); }

    Loop loop{"contract"};
    Inbox<MessageRef> inbox;
    std::unique_ptr<MessageBus> bus;
  };

  static std::vector<BindingKey> rooms(const std::vector<std::string>& names) {
    std::vector<BindingKey> out;
    for (const std::string& name : names) out.push_back(binding_of(RoomName(name)));
    return out;
  }
  static std::vector<BindingKey> partition_with(const std::string& room) {
    return {{partition_of(RoomName(room)), {}}};
  }
  /// Names of `count` rooms of one partition.
  static std::vector<std::string> neighbours(std::size_t count) {
    std::vector<std::string> out;
    for (int i = 0; out.size() < count; ++i) {
      std::string name = "neighbour-" + std::to_string(i);
      if (partition_of(RoomName(name)) == 7) out.push_back(std::move(name));
    }
    return out;
  }

  /// A sequenced message, as a gateway publishes it.
  static MessageRef sequenced(const std::string& room, const std::string& body) {
    static Seq last = 1'700'000'000'000'000;
    const Seq prev = last++;
    return with_position(*make_message(room, body), {last, prev});
  }

  /// A gateway that is connected for both directions: publishes of an unconnected one may be
  /// dropped, so it publishes to itself through `other` and back until something has come through.
  void connect(Gateway& from, Gateway& to) {
    const std::string room = "connect-" + random_hex(4);
    ASSERT_TRUE(to.bind({room}));
    ASSERT_TRUE(eventually([&] {
      from.publish({sequenced(room, "connected")});
      const auto got = to.inbox.snapshot();
      return std::any_of(got.begin(), got.end(),
                         [&](const MessageRef& message) { return message->room.str() == room; });
    }));
  }

  /// What arrived of one room, once there are `count`.
  static std::vector<MessageRef> arrived(Gateway& at, const std::string& room, std::size_t count) {
    const auto of_room = [&room](const std::vector<MessageRef>& all) {
      std::vector<MessageRef> out;
      for (const MessageRef& message : all) {
        if (message->room.str() == room) out.push_back(message);
      }
      return out;
    };
    return of_room(at.inbox.wait_until(
        [&](const std::vector<MessageRef>& all) { return of_room(all).size() >= count; }));
  }

  void SetUp() override {
    fixture_ = GetParam()();
    first_ = std::make_unique<Gateway>(fixture_->make_bus(GatewayId("gateway-1")));
    second_ = std::make_unique<Gateway>(fixture_->make_bus(GatewayId("gateway-2")));
    connect(*first_, *second_);
    connect(*second_, *first_);
  }
  void TearDown() override {
    second_.reset();
    first_.reset();
    fixture_.reset();
  }

  std::unique_ptr<BusFixture> fixture_;
  std::unique_ptr<Gateway> first_;
  std::unique_ptr<Gateway> second_;
};

TEST_P(MessageBusContract, RepliesAreNeverReentrant) {
  EXPECT_TRUE(answers_after_the_call<Result<void>>(
      first_->loop, [&](auto reply) { first_->bus->bind(rooms({"lobby"}), reply); }));
}

TEST_P(MessageBusContract, DeliversWholeMessagesToAnotherGateway) {
  ASSERT_TRUE(second_->bind({"lobby"}));
  const MessageRef sent = sequenced("lobby", std::string("any bytes\0\xff", 11));
  first_->publish({sent});
  const auto got = arrived(*second_, "lobby", 1);
  EXPECT_EQ(*got.at(0), *sent);
}

TEST_P(MessageBusContract, DeliversEverythingPublishedAfterTheBindReply) {
  for (int round = 0; round < 20; ++round) {
    const std::string room = "room-" + std::to_string(round);
    ASSERT_TRUE(second_->bind({room}));
    first_->publish({sequenced(room, "at once")});
    EXPECT_EQ(arrived(*second_, room, 1).size(), 1U);
  }
}

TEST_P(MessageBusContract, KeepsTheOrderOfOneGatewayAndOneRoomOverBatches) {
  ASSERT_TRUE(second_->bind({"lobby"}));
  std::vector<std::string> expected;
  for (int batch = 0; batch < 50; ++batch) {
    std::vector<MessageRef> messages;
    for (int i = 0; i < 20; ++i) {
      expected.push_back(std::to_string(batch * 20 + i));
      messages.push_back(sequenced("lobby", expected.back()));
    }
    first_->publish(std::move(messages));
  }
  EXPECT_EQ(bodies_of(arrived(*second_, "lobby", expected.size())), expected);
}

TEST_P(MessageBusContract, DeliversOnceToEachOfSeveralGateways) {
  Gateway third(fixture_->make_bus(GatewayId("gateway-3")));
  ASSERT_TRUE(second_->bind({"lobby"}));
  ASSERT_TRUE(third.bind({"lobby"}));
  first_->publish({sequenced("lobby", "one")});
  first_->publish({sequenced("lobby", "fence")});
  const std::vector<std::string> expected{"one", "fence"};
  EXPECT_EQ(bodies_of(arrived(*second_, "lobby", 2)), expected);
  EXPECT_EQ(bodies_of(arrived(third, "lobby", 2)), expected);
}

TEST_P(MessageBusContract, ReceivesOnlyBoundRooms) {
  ASSERT_TRUE(second_->bind({"mine"}));
  first_->publish({sequenced("other", "not for you"), sequenced("mine", "for you")});
  EXPECT_EQ(bodies_of(arrived(*second_, "mine", 1)), std::vector<std::string>{"for you"});
  for (const MessageRef& message : second_->inbox.snapshot()) {
    EXPECT_NE(message->room.str(), "other");
  }
}

TEST_P(MessageBusContract, TwoBindsOfOneRoomStillDeliverOnce) {
  ASSERT_TRUE(second_->bind({"lobby", "lobby"}));
  ASSERT_TRUE(second_->bind({"lobby"}));
  first_->publish({sequenced("lobby", "one")});
  first_->publish({sequenced("lobby", "fence")});
  const std::vector<std::string> expected{"one", "fence"};
  EXPECT_EQ(bodies_of(arrived(*second_, "lobby", 2)), expected);
}

TEST_P(MessageBusContract, OwnMessagesReachTheOthersOnceWhileTheRoomIsBoundHere) {
  ASSERT_TRUE(first_->bind({"lobby"}));
  ASSERT_TRUE(second_->bind({"lobby"}));
  first_->publish({sequenced("lobby", "from the first")});
  EXPECT_EQ(bodies_of(arrived(*second_, "lobby", 1)), std::vector<std::string>{"from the first"});
  second_->publish({sequenced("lobby", "from the second")});
  const auto got = first_->inbox.wait_until([](const std::vector<MessageRef>& all) {
    return !all.empty() && all.back()->body == "from the second";
  });
  EXPECT_EQ(
      std::count_if(got.begin(), got.end(),
                    [](const MessageRef& message) { return message->body == "from the second"; }),
      1);
}

TEST_P(MessageBusContract, UnboundRoomsStopArrivingAndOthersGoOn) {
  ASSERT_TRUE(second_->bind({"left", "kept"}));
  second_->unbind({"left", "never-bound"});
  std::size_t round = 0;
  EXPECT_TRUE(eventually([&] {
    const std::string body = std::to_string(round++);
    first_->publish({sequenced("left", body), sequenced("kept", body)});
    arrived(*second_, "kept", round);
    const auto got = second_->inbox.snapshot();
    return std::none_of(got.begin(), got.end(), [&](const MessageRef& message) {
      return message->room.str() == "left" && message->body == body;
    });
  }));
}

TEST_P(MessageBusContract, BindsAgainAfterUnbind) {
  ASSERT_TRUE(second_->bind({"lobby"}));
  second_->unbind({"lobby"});
  ASSERT_TRUE(second_->bind({"lobby"}));
  first_->publish({sequenced("lobby", "again")});
  EXPECT_EQ(bodies_of(arrived(*second_, "lobby", 1)), std::vector<std::string>{"again"});
}

TEST_P(MessageBusContract, BindsManyRoomsInOneCall) {
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) names.push_back("many-" + std::to_string(i));
  ASSERT_TRUE(second_->bind(names));
  for (const std::string& name : names) first_->publish({sequenced(name, name)});
  for (const std::string& name : names) {
    EXPECT_EQ(bodies_of(arrived(*second_, name, 1)), std::vector<std::string>{name});
  }
}

TEST_P(MessageBusContract, APartitionBringsAllItsRoomsAndNoOthers) {
  const auto names = neighbours(3);
  ASSERT_TRUE(second_->bind_keys(partition_with(names[0])));
  first_->publish({sequenced("other", "not for you")});
  for (const std::string& name : names) first_->publish({sequenced(name, name)});
  for (const std::string& name : names) {
    EXPECT_EQ(bodies_of(arrived(*second_, name, 1)), std::vector<std::string>{name});
  }
  ASSERT_NE(partition_of(RoomName("other")), partition_of(RoomName(names[0])));
  for (const MessageRef& message : second_->inbox.snapshot()) {
    EXPECT_NE(message->room.str(), "other");
  }
}

TEST_P(MessageBusContract, ARoomAndItsPartitionBoundTogetherDeliverOnce) {
  const auto names = neighbours(2);
  ASSERT_TRUE(second_->bind(names));
  ASSERT_TRUE(second_->bind_keys(partition_with(names[0])));
  first_->publish({sequenced(names[0], "one"), sequenced(names[0], "fence")});
  EXPECT_EQ(bodies_of(arrived(*second_, names[0], 2)), (std::vector<std::string>{"one", "fence"}));
}

TEST_P(MessageBusContract, AnUnboundPartitionStopsArrivingAndItsBoundRoomsGoOn) {
  const auto names = neighbours(2);
  ASSERT_TRUE(second_->bind_keys(partition_with(names[0])));
  ASSERT_TRUE(second_->bind({names[0]}));
  second_->unbind_keys(partition_with(names[0]));
  std::size_t round = 0;
  EXPECT_TRUE(eventually([&] {
    const std::string body = std::to_string(round++);
    first_->publish({sequenced(names[1], body), sequenced(names[0], body)});
    arrived(*second_, names[0], round);
    const auto got = second_->inbox.snapshot();
    return std::none_of(got.begin(), got.end(), [&](const MessageRef& message) {
      return message->room.str() == names[1] && message->body == body;
    });
  }));
}

TEST_P(MessageBusContract, SwappingRoomsForTheirPartitionAndBackLosesAndRepeatsNothing) {
  const auto names = neighbours(4);
  ASSERT_TRUE(second_->bind(names));
  std::atomic<bool> stop{false};
  std::size_t sent = 0;
  std::thread publisher([&] {
    for (; !stop; ++sent) {
      for (const std::string& name : names)
        first_->publish({sequenced(name, std::to_string(sent))});
      // As many as arrive are on their way, so that no queue's bound is what this finds.
      arrived(*second_, names.back(), sent < 50 ? 0 : sent - 50);
    }
  });
  const auto one_more = [&] {
    arrived(*second_, names[0], arrived(*second_, names[0], 0).size() + 1);
  };
  for (int swap = 0; swap < 10; ++swap) {
    one_more();
    EXPECT_TRUE(second_->bind_keys(partition_with(names[0])));
    second_->unbind(names);
    one_more();
    EXPECT_TRUE(second_->bind(names));
    second_->unbind_keys(partition_with(names[0]));
  }
  stop = true;
  publisher.join();
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < sent; ++i) expected.push_back(std::to_string(i));
  for (const std::string& name : names) {
    EXPECT_EQ(bodies_of(arrived(*second_, name, sent)), expected) << name;
  }
}

TEST_P(MessageBusContract, WhatIsSentToAGatewayReachesItAloneAndInOrder) {
  Gateway third(fixture_->make_bus(GatewayId("gateway-3")));
  ASSERT_TRUE(third.bind({"for-the-second", "fence"}));
  ASSERT_TRUE(second_->bind({"fence"}));
  std::vector<std::string> expected;
  for (int i = 0; i < 100; ++i) {
    expected.push_back(std::to_string(i));
    first_->bus->send(GatewayId("gateway-2"), {sequenced("for-the-second", expected.back())});
  }
  first_->bus->send(GatewayId("gateway-4"), {sequenced("for-the-second", "for nobody")});
  first_->publish({sequenced("fence", "fence")});
  EXPECT_EQ(bodies_of(arrived(*second_, "for-the-second", expected.size())), expected);
  EXPECT_EQ(arrived(*second_, "fence", 1).size(), 1U);
  EXPECT_EQ(arrived(third, "fence", 1).size(), 1U);
  EXPECT_EQ(bodies_of(arrived(*second_, "for-the-second", 0)), expected) << "each once";
  EXPECT_TRUE(arrived(third, "for-the-second", 0).empty()) << "bound, but not for it";
  EXPECT_TRUE(arrived(*first_, "for-the-second", 0).empty());
}

TEST_P(MessageBusContract, WhatIsSentToAllGatewaysReachesEachOnceWhateverItHasBound) {
  Gateway third(fixture_->make_bus(GatewayId("gateway-3")));
  ASSERT_TRUE(third.bind({"for-all", "fence"}));
  ASSERT_TRUE(second_->bind({"fence"}));
  ASSERT_TRUE(first_->bind({"for-all"}));
  first_->bus->send({}, {sequenced("for-all", "one")});
  first_->publish({sequenced("fence", "fence")});
  for (Gateway* const gateway : {second_.get(), &third}) {
    EXPECT_EQ(arrived(*gateway, "fence", 1).size(), 1U);
    EXPECT_EQ(bodies_of(arrived(*gateway, "for-all", 1)), std::vector<std::string>{"one"});
  }
  second_->bus->send(GatewayId("gateway-1"), {sequenced("for-the-first", "fence")});
  EXPECT_EQ(arrived(*first_, "for-the-first", 1).size(), 1U);
  EXPECT_TRUE(arrived(*first_, "for-all", 0).empty()) << "not its own";
}

TEST_P(MessageBusContract, AnswersAnEmptyBind) { EXPECT_TRUE(second_->bind_keys({})); }

}  // namespace stampede::test
