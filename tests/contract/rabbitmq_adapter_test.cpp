// What the RabbitMQ adapter promises beyond the contracts: what happens when the broker, or the way
// to it, fails.
#include <algorithm>
#include <set>

#include "shared/model/wire.h"
#include "tests/contract/rabbitmq_process.h"
#include "tests/contract/rabbitmq_proxy.h"

namespace stampede::test {
namespace {

using namespace std::chrono_literals;
using Confirms = std::vector<Result<void>>;
using Delivery = MessageFeed::Delivery;
using testing::Test;

MessageRef sequenced(const std::string& room, const std::string& body) {
  static Seq last = 1'700'000'000'000'000;
  const Seq prev = last++;
  return with_position(*make_message(room, body), {last, prev});
}

/// `count` messages over so many rooms that every storage queue gets some.
std::vector<MessageRef> messages(std::size_t count) {
  std::vector<MessageRef> out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(sequenced("room-" + std::to_string(i % 20), std::to_string(i)));
  }
  return out;
}

std::size_t refusals(const Confirms& confirms) {
  return static_cast<std::size_t>(
      std::count_if(confirms.begin(), confirms.end(), [](const auto& one) { return !one; }));
}

class RabbitAdapterTest : public Test {
 protected:
  RabbitAdapterTest() { loop_.start(); }
  ~RabbitAdapterTest() override { loop_.stop(); }

  [[nodiscard]] rabbitmq::Options options(const std::string& self) const {
    auto out = RabbitProcess::options(names_, self);
    out.backoff_max = 500ms;
    return out;
  }
  [[nodiscard]] rabbitmq::Options proxied(const std::string& self) const {
    auto out = options(self);
    out.url = proxy_.url();
    return out;
  }
  [[nodiscard]] rabbitmq::Options unreachable() const {
    auto out = options("gateway-1");
    out.url = "amqp://ann:hunter2@no-such-host.invalid/";
    out.outage_bound = 300ms;
    out.bind_timeout = 300ms;
    return out;
  }

  std::future<Confirms> append(RabbitProcess& process, std::vector<MessageRef> batch) {
    auto promise = std::make_shared<std::promise<Confirms>>();
    process.feed().append(std::move(batch), Reply<Confirms>(loop_, [promise](Confirms confirms) {
                            promise->set_value(std::move(confirms));
                          }));
    return promise->get_future();
  }
  static Confirms wait(std::future<Confirms>& confirmed) {
    if (confirmed.wait_for(kPatience) != std::future_status::ready) {
      throw std::runtime_error("no confirm within the test's patience");
    }
    return confirmed.get();
  }
  Confirms append_and_wait(RabbitProcess& process, std::vector<MessageRef> batch) {
    auto confirmed = append(process, std::move(batch));
    return wait(confirmed);
  }

  void delete_storage_queues() {
    BrokerClient broker(broker_url());
    for (std::uint32_t i = 0; i < kStorageQueues; ++i) {
      broker.delete_queue(names_.topology().storage_queue(i));
    }
  }

  Result<void> bind(RabbitProcess& process, const std::vector<std::string>& rooms) {
    return ask<Result<void>>(loop_, [&](auto reply) {
      std::vector<BindingKey> keys;
      keys.reserve(rooms.size());
      for (const std::string& room : rooms) keys.push_back(binding_of(RoomName(room)));
      process.bus().bind(std::move(keys), std::move(reply));
    });
  }
  void start_bus(RabbitProcess& process, Inbox<MessageRef>& inbox) {
    process.bus().start(loop_,
                        [&inbox](std::vector<MessageRef> batch) { inbox.add(std::move(batch)); });
  }
  void consume(RabbitProcess& process, Inbox<Delivery>& inbox, bool ack_at_once = false) {
    process.feed().consume(400, loop_,
                           [&process, &inbox, ack_at_once](std::vector<Delivery> batch) {
                             if (ack_at_once) process.feed().ack(tags_of(batch));
                             inbox.add(std::move(batch));
                           });
  }
  void stop(RabbitProcess& process) {
    ASSERT_TRUE(ask<Result<void>>(
        loop_, [&](auto reply) { process.feed().stop_consuming(std::move(reply)); }));
  }

  static bool becomes_unready(RabbitProcess& process) {
    return eventually([&] { return !process.health().ready(); });
  }
  static double metric(RabbitProcess& process, const std::string& name,
                       const Metrics::Labels& labels = {}) {
    return process.metrics().counter(name, "", labels).value();
  }

  Names names_;
  AmqpProxy proxy_{broker_url()};
  Loop loop_{"test"};
};

// --- a broker that cannot be reached -------------------------------------------------------------

TEST_F(RabbitAdapterTest, HostThatDoesNotResolveIsReportedAndEverythingIsAnswered) {
  RabbitProcess process(unreachable());
  Inbox<MessageRef> inbox;
  start_bus(process, inbox);
  ASSERT_TRUE(eventually([&] {
    return process.reason().find("cannot resolve no-such-host.invalid") != std::string::npos;
  })) << process.reason();
  EXPECT_EQ(process.reason().find("hunter2"), std::string::npos);

  const auto confirms = append_and_wait(process, messages(2));
  ASSERT_EQ(confirms.size(), 2U);
  EXPECT_TRUE(confirms.at(0).error().is(Errc::kUnavailable));
  EXPECT_TRUE(bind(process, {"lobby"}).error().is(Errc::kUnavailable));
  process.bus().publish({sequenced("lobby", "nobody hears it")});
  EXPECT_TRUE(eventually([&] {
    return metric(process, "stampede_rabbitmq_bus_dropped_total", {{"reason", "disconnected"}}) ==
           1;
  }));
}

TEST_F(RabbitAdapterTest, RefusedLoginIsReportedWithoutThePassword) {
  auto wrong = options("gateway-1");
  const auto endpoint = rabbitmq::parse_url(broker_url()).value();
  wrong.url = "amqp://ann:hunter2@" + endpoint.address() + "/";
  RabbitProcess process(wrong);
  ASSERT_TRUE(eventually([&] {
    return process.reason().find("ACCESS_REFUSED") != std::string::npos;
  })) << process.reason();
  EXPECT_EQ(process.reason().find("hunter2"), std::string::npos);
}

TEST_F(RabbitAdapterTest, ServerThatSaysNothingTimesOut) {
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor silent(context, {boost::asio::ip::address_v4::loopback(), 0});
  auto silenced = options("gateway-1");
  silenced.url = "amqp://127.0.0.1:" + std::to_string(silent.local_endpoint().port());
  silenced.connect_timeout = 100ms;
  RabbitProcess process(silenced);
  EXPECT_TRUE(eventually([&] {
    return process.reason().find("within 100 ms") != std::string::npos;
  })) << process.reason();
}

TEST_F(RabbitAdapterTest, AppendsBeyondTheByteBoundAreRefusedAtOnce) {
  auto small = unreachable();
  small.append_bytes = 2'000;
  small.outage_bound = 60s;
  RabbitProcess process(small);
  auto first = append(process, {sequenced("lobby", std::string(1'500, 'x'))});
  const auto confirms = append_and_wait(process, {sequenced("lobby", std::string(1'500, 'x'))});
  EXPECT_TRUE(confirms.at(0).error().is(Errc::kOverloaded)) << confirms.at(0).error().detail;
  process.end_ports();
  EXPECT_TRUE(wait(first).at(0).error().is(Errc::kCancelled));
}

TEST_F(RabbitAdapterTest, DestroyedPortsAnswerWhatIsOpen) {
  auto patient = unreachable();
  patient.outage_bound = 60s;
  patient.bind_timeout = 60s;
  RabbitProcess process(patient);
  Inbox<MessageRef> inbox;
  start_bus(process, inbox);
  auto confirmed = append(process, messages(3));
  auto bound = std::make_shared<std::promise<Result<void>>>();
  process.bus().bind({binding_of(RoomName("lobby"))},
                     Reply<Result<void>>(loop_, [bound](Result<void> result) {
                       bound->set_value(std::move(result));
                     }));
  process.end_ports();
  for (const auto& one : wait(confirmed)) EXPECT_TRUE(one.error().is(Errc::kCancelled));
  EXPECT_TRUE(bound->get_future().get().error().is(Errc::kCancelled));
}

// --- a connection that is lost
// ---------------------------------------------------------------------

TEST_F(RabbitAdapterTest, AppendsDuringAnOutageAreConfirmedAfterIt) {
  RabbitProcess gateway(proxied("gateway-1"));
  ASSERT_TRUE(gateway.becomes_ready()) << gateway.reason();
  proxy_.refuse(true);
  proxy_.cut();
  ASSERT_TRUE(becomes_unready(gateway));
  const auto sent = messages(100);
  auto confirmed = append(gateway, sent);
  proxy_.refuse(false);
  EXPECT_EQ(refusals(wait(confirmed)), 0U);

  RabbitProcess worker(options("worker"));
  Inbox<Delivery> inbox;
  consume(worker, inbox, true);
  EXPECT_EQ(ids_of(inbox.wait_for(sent.size())), ids_of(sent));
}

TEST_F(RabbitAdapterTest, AppendsAreRefusedWhenTheOutageLastsLongerThanTheBound) {
  auto impatient = proxied("gateway-1");
  impatient.outage_bound = 1s;
  RabbitProcess gateway(impatient);
  ASSERT_TRUE(gateway.becomes_ready()) << gateway.reason();
  proxy_.refuse(true);
  proxy_.cut();
  ASSERT_TRUE(becomes_unready(gateway));
  const auto confirms = append_and_wait(gateway, messages(10));
  EXPECT_EQ(refusals(confirms), 10U);
  EXPECT_TRUE(confirms.at(0).error().is(Errc::kUnavailable));
  proxy_.refuse(false);
  ASSERT_TRUE(gateway.becomes_ready()) << gateway.reason();
  EXPECT_EQ(refusals(append_and_wait(gateway, messages(10))), 0U);
}

TEST_F(RabbitAdapterTest, NothingConfirmedIsLostWhenConnectionsAreCutAgainAndAgain) {
  RabbitProcess gateway(proxied("gateway-1"));
  RabbitProcess worker(proxied("worker"));
  Inbox<Delivery> inbox;
  consume(worker, inbox, true);
  std::set<MessageId> sent;
  std::vector<std::future<Confirms>> confirmed;
  for (int round = 0; round < 100; ++round) {
    const auto batch = messages(100);
    sent.merge(ids_of(batch));
    confirmed.push_back(append(gateway, batch));
    if (round % 20 == 10) {
      ASSERT_TRUE(gateway.becomes_ready());
      proxy_.cut();
      ASSERT_TRUE(becomes_unready(gateway));
    }
  }
  for (auto& one : confirmed) EXPECT_EQ(refusals(wait(one)), 0U);
  const auto got = inbox.wait_until(
      [&](const std::vector<Delivery>& all) { return ids_of(all).size() >= sent.size(); });
  EXPECT_EQ(ids_of(got), sent);
}

TEST_F(RabbitAdapterTest, RoomsAreBoundAgainAfterAReconnect) {
  RabbitProcess here(proxied("gateway-1"));
  RabbitProcess there(options("gateway-2"));
  Inbox<MessageRef> inbox;
  start_bus(here, inbox);
  ASSERT_TRUE(bind(here, {"lobby", "hall"}));
  ASSERT_TRUE(there.becomes_ready());
  for (std::size_t round = 0; round < 3; ++round) {
    proxy_.cut();
    ASSERT_TRUE(becomes_unready(here));
    ASSERT_TRUE(here.becomes_ready());
    const std::string body = std::to_string(round);
    there.bus().publish({sequenced("lobby", body), sequenced("hall", body)});
    const auto got = inbox.wait_for(2 * round + 2);
    EXPECT_EQ(got.back()->body, body);
  }
}

TEST_F(RabbitAdapterTest, WhatIsSentToAGatewayFindsItAfterAReconnect) {
  RabbitProcess here(proxied("gateway-1"));
  RabbitProcess there(options("gateway-2"));
  Inbox<MessageRef> inbox;
  start_bus(here, inbox);
  ASSERT_TRUE(here.becomes_ready());
  ASSERT_TRUE(there.becomes_ready());
  for (std::size_t round = 0; round < 3; ++round) {
    proxy_.cut();
    ASSERT_TRUE(becomes_unready(here));
    ASSERT_TRUE(here.becomes_ready());
    there.bus().send(GatewayId("gateway-1"), {sequenced("unbound", std::to_string(round))});
    const auto got = inbox.wait_for(round + 1);
    EXPECT_EQ(got.back()->body, std::to_string(round));
  }
}

TEST_F(RabbitAdapterTest, IsReadyAgainOnlyWhenThousandsOfRoomsAndPartitionsAreBound) {
  auto patient = proxied("gateway-1");
  patient.bind_timeout = 60s;
  RabbitProcess here(patient);
  RabbitProcess there(options("gateway-2"));
  Inbox<MessageRef> inbox;
  start_bus(here, inbox);
  std::vector<std::string> rooms;
  for (int i = 0; i < 2'000; ++i) rooms.push_back("room-" + std::to_string(i));
  std::vector<BindingKey> keys;
  for (std::uint32_t partition = 0; partition < kPartitions; ++partition) {
    keys.push_back({partition, {}});
  }
  ASSERT_TRUE(bind(here, rooms));
  ASSERT_TRUE(
      ask<Result<void>>(loop_, [&](auto reply) { here.bus().bind(keys, std::move(reply)); }));
  ASSERT_TRUE(there.becomes_ready());
  proxy_.cut();
  ASSERT_TRUE(becomes_unready(here));
  ASSERT_TRUE(here.becomes_ready());
  here.bus().unbind(keys);
  std::vector<MessageRef> batch;
  for (const std::string& room : rooms) batch.push_back(sequenced(room, room));
  there.bus().publish(batch);
  const auto got = inbox.wait_for(rooms.size());
  EXPECT_EQ(ids_of(got), ids_of(batch));
  EXPECT_EQ(got.size(), rooms.size()) << "each once";
}

TEST_F(RabbitAdapterTest, BindsDuringAnOutageAreAnsweredAfterIt) {
  RabbitProcess here(proxied("gateway-1"));
  Inbox<MessageRef> inbox;
  start_bus(here, inbox);
  ASSERT_TRUE(bind(here, {"lobby"}));
  proxy_.refuse(true);
  proxy_.cut();
  ASSERT_TRUE(becomes_unready(here));
  auto bound = std::make_shared<std::promise<Result<void>>>();
  here.bus().bind({binding_of(RoomName("hall"))},
                  Reply<Result<void>>(loop_, [bound](Result<void> result) {
                    bound->set_value(std::move(result));
                  }));
  proxy_.refuse(false);
  EXPECT_TRUE(bound->get_future().get());

  RabbitProcess there(options("gateway-2"));
  ASSERT_TRUE(there.becomes_ready());
  there.bus().publish({sequenced("hall", "heard")});
  EXPECT_EQ(inbox.wait_for(1).at(0)->body, "heard");
}

TEST_F(RabbitAdapterTest, SilentBrokerIsLeftAfterTwoHeartbeats) {
  auto nervous = proxied("gateway-1");
  nervous.heartbeat = 1s;
  RabbitProcess gateway(nervous);
  ASSERT_TRUE(gateway.becomes_ready()) << gateway.reason();
  proxy_.freeze();
  auto confirmed = append(gateway, messages(1));
  EXPECT_EQ(refusals(wait(confirmed)), 0U);
  EXPECT_GE(metric(gateway, "stampede_rabbitmq_reconnects_total", {{"connection", "publish"}}), 1);
}

TEST_F(RabbitAdapterTest, IdleConnectionsAreKeptByHeartbeats) {
  auto nervous = proxied("gateway-1");
  nervous.heartbeat = 1s;
  RabbitProcess gateway(nervous);
  // The broker closes a connection that is silent for two intervals, and so would the adapter.
  EXPECT_TRUE(eventually([&] { return proxy_.heartbeats() >= 4; }));
  EXPECT_TRUE(gateway.health().ready());
  EXPECT_EQ(metric(gateway, "stampede_rabbitmq_reconnects_total", {{"connection", "publish"}}), 0);
}

TEST_F(RabbitAdapterTest, AcksOfDeliveriesBeforeAReconnectAreIgnored) {
  RabbitProcess worker(proxied("worker"));
  Inbox<Delivery> inbox;
  consume(worker, inbox);
  const auto sent = messages(40);
  RabbitProcess gateway(options("gateway-1"));
  ASSERT_EQ(refusals(append_and_wait(gateway, sent)), 0U);
  const auto first = inbox.wait_for(sent.size());
  proxy_.cut();
  const auto both = inbox.wait_for(2 * sent.size());
  const std::vector<Delivery> second(both.begin() + static_cast<std::ptrdiff_t>(sent.size()),
                                     both.end());
  EXPECT_EQ(ids_of(second), ids_of(sent));
  EXPECT_TRUE(std::all_of(second.begin(), second.end(),
                          [](const Delivery& delivery) { return delivery.redelivered; }));
  const auto reconnects = [&] {
    return metric(worker, "stampede_rabbitmq_reconnects_total", {{"connection", "consume"}});
  };
  const double before = reconnects();
  worker.feed().ack(tags_of(first));
  worker.feed().ack(tags_of(second));
  stop(worker);
  EXPECT_EQ(reconnects(), before) << "an unknown tag closes the channel";

  RabbitProcess next(options("worker-2"));
  Inbox<Delivery> rest;
  consume(next, rest, true);
  const auto fence = messages(20);
  ASSERT_EQ(refusals(append_and_wait(gateway, fence)), 0U);
  EXPECT_EQ(ids_of(rest.wait_for(fence.size())), ids_of(fence));
}

// --- what the broker may do
// ------------------------------------------------------------------------

TEST_F(RabbitAdapterTest, AMissingBindingIsMadeAgainForWhatItReturned) {
  RabbitProcess gateway(options("gateway-1"));
  ASSERT_TRUE(gateway.becomes_ready());
  const std::uint32_t lost = storage_queue_of(RoomName("lobby"));
  BrokerClient client(broker_url());
  client.unbind(names_.topology().storage_queue(lost), names_.topology().storage_exchange(),
                std::to_string(lost));
  std::vector<MessageRef> batch = messages(40);
  batch.push_back(sequenced("lobby", "no queue"));
  EXPECT_EQ(refusals(append_and_wait(gateway, batch)), 0U);
  const auto here = std::count_if(batch.begin(), batch.end(), [&](const MessageRef& message) {
    return storage_queue_of(message->room) == lost;
  });
  EXPECT_EQ(client.depth(names_.topology().storage_queue(lost)), 1U) << "a parcel of all of them";
  EXPECT_GE(metric(gateway, "stampede_rabbitmq_returns_total"), here);
}

TEST_F(RabbitAdapterTest, RejectedMessagesLieInTheDeadLettersWithReasonAndQueue) {
  RabbitProcess gateway(options("gateway-1"));
  RabbitProcess worker(options("worker"));
  Inbox<Delivery> inbox;
  consume(worker, inbox);
  const MessageRef poison = sequenced("lobby", "poison");
  ASSERT_EQ(refusals(append_and_wait(gateway, {poison})), 0U);
  const auto got = inbox.wait_for(1);
  worker.feed().reject({{got.at(0).tag, "the store refuses it"}});
  stop(worker);

  BrokerClient client(broker_url());
  const std::string queue = names_.topology().storage_queue(storage_queue_of(poison->room));
  EXPECT_EQ(client.depth(queue), 0U);
  const auto dead = client.get(names_.topology().dead_queue());
  ASSERT_TRUE(dead);
  EXPECT_EQ(decode_message(dead->body).value(), *poison);
  EXPECT_EQ(dead->reason, "the store refuses it");
  EXPECT_EQ(dead->queue, queue);
}

TEST_F(RabbitAdapterTest, PayloadsThatCannotBeDecodedLieInTheDeadLettersWithTheReason) {
  RabbitProcess worker(options("worker"));
  ASSERT_TRUE(worker.becomes_ready());
  BrokerClient client(broker_url());
  client.publish(names_.topology().storage_exchange(), "2", "\x07 is not a version");
  Inbox<Delivery> inbox;
  consume(worker, inbox);
  std::optional<BrokerClient::Got> dead;
  ASSERT_TRUE(eventually([&] {
    dead = client.get(names_.topology().dead_queue());
    return dead.has_value();
  }));
  EXPECT_EQ(dead->body, "\x07 is not a version");
  EXPECT_NE(dead->reason.find("version 7"), std::string::npos) << dead->reason;
  EXPECT_EQ(dead->queue, names_.topology().storage_queue(2));
  stop(worker);
  EXPECT_EQ(client.depth(names_.topology().storage_queue(2)), 0U);
  EXPECT_TRUE(inbox.snapshot().empty());
}

TEST_F(RabbitAdapterTest, BlockedBrokerGetsNoPublishesUntilItTakesThemAgain) {
  RabbitProcess gateway(proxied("gateway-1"));
  ASSERT_TRUE(gateway.becomes_ready());
  std::string blocked;
  rabbitmq::append_method(blocked, 0, AMQP_CONNECTION_BLOCKED_METHOD,
                          amqp_connection_blocked_t{rabbitmq::to_amqp("low on memory")});
  proxy_.inject(blocked);
  ASSERT_TRUE(eventually([&] {
    return gateway.reason().find("low on memory") != std::string::npos;
  })) << gateway.reason();
  auto confirmed = append(gateway, messages(10));
  gateway.bus().publish({sequenced("lobby", "dropped")});
  ASSERT_TRUE(eventually([&] {
    return metric(gateway, "stampede_rabbitmq_bus_dropped_total", {{"reason", "blocked"}}) == 1;
  }));
  EXPECT_EQ(proxy_.publishes(), 0U);

  std::string unblocked;
  rabbitmq::append_method(unblocked, 0, AMQP_CONNECTION_UNBLOCKED_METHOD,
                          amqp_connection_unblocked_t{0});
  proxy_.inject(unblocked);
  EXPECT_EQ(refusals(wait(confirmed)), 0U);
  EXPECT_GE(proxy_.publishes(), 1U);
  EXPECT_TRUE(gateway.becomes_ready());
}

TEST_F(RabbitAdapterTest, AGatewayAloneDeclaresDeletedQueuesAndLosesNothing) {
  RabbitProcess gateway(options("gateway-1"));
  ASSERT_EQ(refusals(append_and_wait(gateway, messages(20))), 0U);
  delete_storage_queues();
  EXPECT_EQ(refusals(append_and_wait(gateway, messages(20))), 0U);
  EXPECT_GE(metric(gateway, "stampede_rabbitmq_returns_total"), 1);
  RabbitProcess worker(options("worker"));
  Inbox<Delivery> inbox;
  consume(worker, inbox, true);
  inbox.wait_for(20);
}

TEST_F(RabbitAdapterTest, DeletedQueuesAreDeclaredAndConsumedAgain) {
  RabbitProcess worker(options("worker"));
  RabbitProcess gateway(options("gateway-1"));
  Inbox<Delivery> inbox;
  consume(worker, inbox, true);
  ASSERT_EQ(refusals(append_and_wait(gateway, messages(20))), 0U);
  inbox.wait_for(20);
  delete_storage_queues();
  EXPECT_EQ(refusals(append_and_wait(gateway, messages(20))), 0U);
  inbox.wait_for(40);
}

TEST_F(RabbitAdapterTest, WhatIsPublishedBeforeAnAckIsNotDroppedForItsSize) {
  auto before_acks = options("worker");
  before_acks.publish_before_acks = true;
  Inbox<Delivery> inbox;
  Inbox<MessageRef> heard;
  RabbitProcess gateway(options("gateway-1"));
  RabbitProcess worker(before_acks);
  start_bus(gateway, heard);
  ASSERT_TRUE(bind(gateway, {"lobby"}));
  consume(worker, inbox);
  ASSERT_EQ(refusals(append_and_wait(gateway, {sequenced("lobby", "stored first")})), 0U);
  const auto tags = tags_of(inbox.wait_for(1));
  const std::string large(before_acks.bus_unsent_bytes + 1, 'x');
  worker.bus().publish({sequenced("lobby", large)});
  worker.bus().send(GatewayId("gateway-1"), {sequenced("lobby", "a word")});
  worker.feed().ack(tags);
  const auto got = heard.wait_for(2);
  EXPECT_EQ(got.at(0)->body.size(), large.size());
  EXPECT_EQ(got.at(1)->body, "a word");
}

TEST_F(RabbitAdapterTest, OwnLiveMessagesAreDroppedAndCounted) {
  RabbitProcess here(options("gateway-1"));
  RabbitProcess there(options("gateway-2"));
  Inbox<MessageRef> heard_here;
  Inbox<MessageRef> heard_there;
  start_bus(here, heard_here);
  start_bus(there, heard_there);
  ASSERT_TRUE(bind(here, {"lobby"}));
  ASSERT_TRUE(bind(there, {"lobby"}));
  ASSERT_TRUE(here.becomes_ready());
  here.bus().publish({sequenced("lobby", "mine")});
  EXPECT_EQ(heard_there.wait_for(1).at(0)->body, "mine");
  EXPECT_TRUE(eventually([&] { return metric(here, "stampede_rabbitmq_bus_own_total") == 1; }));
  EXPECT_TRUE(heard_here.snapshot().empty());
}

TEST_F(RabbitAdapterTest, ReadsOnWhenASlowHandlerHasCaughtUp) {
  auto small = options("gateway-1");
  small.bus_unhandled_bytes = 10'000;
  RabbitProcess here(small);
  RabbitProcess there(options("gateway-2"));
  Inbox<MessageRef> inbox;
  std::promise<void> may_go_on;
  auto released = may_go_on.get_future().share();
  here.bus().start(loop_, [&inbox, released](std::vector<MessageRef> batch) {
    inbox.add(std::move(batch));
    released.wait();
  });
  ASSERT_TRUE(bind(here, {"lobby"}));
  ASSERT_TRUE(there.becomes_ready());
  const auto received = [&] { return metric(here, "stampede_rabbitmq_bus_received_total"); };
  for (int i = 0; i < 2'000; ++i) {
    there.bus().publish({sequenced("lobby", std::string(1'000, 'x'))});
  }
  inbox.wait_for(1);
  may_go_on.set_value();
  inbox.wait_for(2'000);
  EXPECT_EQ(received(), 2'000);
}

TEST_F(RabbitAdapterTest, BigMessagesPassInSeveralFrames) {
  RabbitProcess gateway(options("gateway-1"));
  RabbitProcess worker(options("worker"));
  Inbox<Delivery> inbox;
  consume(worker, inbox, true);
  const MessageRef big = sequenced("lobby", std::string(5 * 1024 * 1024 + 3, 'b'));
  ASSERT_EQ(refusals(append_and_wait(gateway, {big})), 0U);
  EXPECT_EQ(*inbox.wait_for(1).at(0).message, *big);
}

TEST(RabbitOptionsTest, WrongOptionsAreRefusedWithTheirName) {
  Loop loop("test");
  Metrics metrics;
  Health health;
  rabbitmq::Options options;
  options.self = GatewayId("gateway-1");
  options.prefix = "no spaces";
  EXPECT_NE(rabbitmq::make_ports(loop, options, metrics, health).error().detail.find("prefix"),
            std::string::npos);
  options.prefix = "stampede";
  options.url = "http://broker";
  EXPECT_NE(rabbitmq::make_ports(loop, options, metrics, health).error().detail.find("amqp://"),
            std::string::npos);
}

}  // namespace
}  // namespace stampede::test
