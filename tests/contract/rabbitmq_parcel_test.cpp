// Several messages in one delivery of RabbitMQ: each keeps its place, its result and its fate.
#include <algorithm>
#include <set>

#include "shared/model/parcel.h"
#include "shared/model/wire.h"
#include "tests/contract/rabbitmq_process.h"

namespace stampede::test {
namespace {

using namespace std::chrono_literals;
using Confirms = std::vector<Result<void>>;
using Delivery = MessageFeed::Delivery;
using Tags = std::vector<MessageFeed::DeliveryTag>;

const RoomName kRoom("lobby");

std::vector<MessageRef> messages(std::size_t count, std::size_t body_bytes = 10) {
  std::vector<MessageRef> out;
  for (std::size_t i = 0; i < count; ++i) {
    const auto seq = static_cast<Seq>(1'700'000'000'000'001 + i);
    std::string body = std::to_string(i) + " ";
    body.resize(std::max(body.size(), body_bytes), 'x');
    out.push_back(with_position(*make_message(kRoom.str(), body), {seq, seq - 1}));
  }
  return out;
}

class RabbitParcelTest : public testing::Test {
 protected:
  RabbitParcelTest() { loop_.start(); }
  ~RabbitParcelTest() override { loop_.stop(); }

  [[nodiscard]] rabbitmq::Options options(const std::string& self) const {
    return RabbitProcess::options(names_, self);
  }
  void append_and_wait(const std::vector<MessageRef>& batch) {
    RabbitProcess gateway(options("gateway-1"));
    const auto confirms =
        ask<Confirms>(loop_, [&](auto reply) { gateway.feed().append(batch, std::move(reply)); });
    ASSERT_EQ(confirms.size(), batch.size());
    for (const auto& confirm : confirms) EXPECT_TRUE(confirm) << confirm.error().detail;
  }
  void publish(const std::string& payload) {
    client_.publish(names_.topology().storage_exchange(), std::to_string(storage_queue_of(kRoom)),
                    payload);
  }
  void consume(RabbitProcess& process, Inbox<Delivery>& inbox, std::size_t prefetch = 400) {
    process.feed().consume(prefetch, loop_,
                           [&inbox](std::vector<Delivery> batch) { inbox.add(std::move(batch)); });
  }
  void stop(RabbitProcess& process) {
    ASSERT_TRUE(ask<Result<void>>(
        loop_, [&](auto reply) { process.feed().stop_consuming(std::move(reply)); }));
  }
  [[nodiscard]] std::string queue() const {
    return names_.topology().storage_queue(storage_queue_of(kRoom));
  }
  std::uint32_t depth() { return client_.depth(queue()); }
  /// Ends the worker that has them; what it had not acked would come before the fence.
  void expect_all_acked(std::unique_ptr<RabbitProcess> worker) {
    stop(*worker);
    worker.reset();
    const auto fence = messages(1);
    append_and_wait(fence);
    RabbitProcess next(options("next"));
    Inbox<Delivery> inbox;
    consume(next, inbox);
    EXPECT_EQ(ids_of(inbox.wait_for(1)), ids_of(fence));
    next.feed().ack(tags_of(inbox.snapshot()));
    stop(next);
  }
  /// The oldest dead letter.
  BrokerClient::Got dead_letter() {
    std::optional<BrokerClient::Got> out;
    if (!eventually([&] {
          out = client_.get(names_.topology().dead_queue());
          return out.has_value();
        })) {
      throw std::runtime_error("no dead letter within the test's patience");
    }
    return *out;
  }

  Names names_;
  BrokerClient client_{broker_url()};
  Loop loop_{"test"};
};

TEST_F(RabbitParcelTest, AnAppendTravelsInAFewParcelsAndKeepsItsOrder) {
  const auto sent = messages(1'000, 100);
  append_and_wait(sent);
  const std::size_t bytes = sent.size() * (encoded_size(*sent[0]) + 4);
  EXPECT_LE(depth(), bytes / kMaxParcelBytes + 2);
  auto worker = std::make_unique<RabbitProcess>(options("worker"));
  Inbox<Delivery> inbox;
  consume(*worker, inbox);
  const auto got = inbox.wait_for(sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) ASSERT_EQ(*got[i].message, *sent[i]) << i;
  const Tags tags = tags_of(got);
  EXPECT_EQ(std::set(tags.begin(), tags.end()).size(), sent.size()) << "a tag names one message";
  worker->feed().ack(tags_of(got));
  expect_all_acked(std::move(worker));
}

TEST_F(RabbitParcelTest, AMessageAloneHasTheFormOfBefore) {
  const auto sent = messages(1);
  append_and_wait(sent);
  const auto got = client_.get(queue());
  ASSERT_TRUE(got);
  EXPECT_EQ(got->body, encode_message(*sent[0]));
}

TEST_F(RabbitParcelTest, AWorkerThatDiesHalfwayThroughAParcelLeavesItWhole) {
  const auto sent = messages(5);
  append_and_wait(sent);
  {
    RabbitProcess dies(options("worker"));
    Inbox<Delivery> inbox;
    consume(dies, inbox);
    Tags tags = tags_of(inbox.wait_for(sent.size()));
    tags.pop_back();
    dies.feed().ack(tags);
    stop(dies);
  }
  auto lives = std::make_unique<RabbitProcess>(options("worker-2"));
  Inbox<Delivery> inbox;
  consume(*lives, inbox);
  const auto got = inbox.wait_for(sent.size());
  EXPECT_EQ(ids_of(got), ids_of(sent));
  for (const Delivery& delivery : got) EXPECT_TRUE(delivery.redelivered);
  lives->feed().ack(tags_of(got));
  expect_all_acked(std::move(lives));
}

TEST_F(RabbitParcelTest, ARejectedMessageIsADeadLetterByItself) {
  const auto sent = messages(3);
  append_and_wait(sent);
  auto worker = std::make_unique<RabbitProcess>(options("worker"));
  Inbox<Delivery> inbox;
  consume(*worker, inbox);
  const Tags tags = tags_of(inbox.wait_for(3));
  worker->feed().reject({{tags[1], "the store refuses it"}});
  worker->feed().ack({tags[0], tags[2]});
  expect_all_acked(std::move(worker));
  const auto dead = dead_letter();
  EXPECT_EQ(decode_message(dead.body).value(), *sent[1]);
  EXPECT_EQ(dead.reason, "the store refuses it");
  EXPECT_EQ(dead.queue, queue());
  EXPECT_FALSE(client_.get(names_.topology().dead_queue())) << "the others are none";
}

TEST_F(RabbitParcelTest, AMessageThatCannotBeReadTouchesNoOtherOfItsParcel) {
  const auto sent = messages(2);
  const std::string first = encode_message(*sent[0]);
  const std::string second = encode_message(*sent[1]);
  const std::string unread = "\x07 is not a version";
  std::string parcel(1, kParcelWireVersion);
  for (const std::string& piece : {first, unread, second}) {
    parcel += std::string(3, '\0') + static_cast<char>(piece.size()) + piece;
  }
  auto worker = std::make_unique<RabbitProcess>(options("worker"));
  Inbox<Delivery> inbox;
  consume(*worker, inbox);
  ASSERT_TRUE(worker->becomes_ready());
  publish(parcel);
  const auto got = inbox.wait_for(2);
  EXPECT_EQ(*got[0].message, *sent[0]);
  EXPECT_EQ(*got[1].message, *sent[1]);
  const auto dead = dead_letter();
  EXPECT_EQ(dead.body, unread);
  EXPECT_NE(dead.reason.find("version 7"), std::string::npos) << dead.reason;
  EXPECT_EQ(dead.queue, queue());
  worker->feed().ack(tags_of(got));
  expect_all_acked(std::move(worker));
}

TEST_F(RabbitParcelTest, AParcelThatCannotBeToldApartIsADeadLetterAsAWhole) {
  std::string parcel(1, kParcelWireVersion);
  parcel += std::string(2, '\0') + "\x01\x01 ends too early";
  auto worker = std::make_unique<RabbitProcess>(options("worker"));
  Inbox<Delivery> inbox;
  consume(*worker, inbox);
  ASSERT_TRUE(worker->becomes_ready());
  publish(parcel);
  const auto dead = dead_letter();
  EXPECT_EQ(dead.body, parcel);
  EXPECT_EQ(dead.reason, "parcel: it ends inside a message");
  expect_all_acked(std::move(worker));
  EXPECT_TRUE(inbox.snapshot().empty());
}

TEST_F(RabbitParcelTest, AParcelComesAgainWhenADeadLetterOfItCouldNotBeKept) {
  auto impatient = options("worker");
  // Less than a missing binding takes to be declared again.
  impatient.outage_bound = 300ms;
  auto worker = std::make_unique<RabbitProcess>(impatient);
  Inbox<Delivery> inbox;
  consume(*worker, inbox);
  ASSERT_TRUE(worker->becomes_ready());
  const auto sent = messages(3);
  append_and_wait(sent);
  const Tags tags = tags_of(inbox.wait_for(3));
  client_.unbind(names_.topology().dead_queue(), names_.topology().dead_exchange(), "");
  worker->feed().reject({{tags[0], "the store refuses it"}});
  worker->feed().ack({tags[1], tags[2]});
  const auto both = inbox.wait_for(6);
  const std::vector<Delivery> again(both.begin() + 3, both.end());
  EXPECT_EQ(ids_of(again), ids_of(sent));
  for (const Delivery& delivery : again) EXPECT_TRUE(delivery.redelivered);
  worker->feed().ack(tags_of(again));
  expect_all_acked(std::move(worker));
}

TEST_F(RabbitParcelTest, PrefetchCountsParcels) {
  // One for each storage queue.
  const std::size_t prefetch = kStorageQueues;
  const auto first = messages(20);
  const auto second = messages(20);
  append_and_wait(first);
  append_and_wait(second);
  auto worker = std::make_unique<RabbitProcess>(options("worker"));
  Inbox<Delivery> inbox;
  consume(*worker, inbox, prefetch);
  const auto got = inbox.wait_for(first.size());
  EXPECT_EQ(depth(), 1U) << "the second waits";
  EXPECT_EQ(ids_of(got), ids_of(first));
  worker->feed().ack(tags_of(got));
  EXPECT_EQ(inbox.wait_for(40).size(), 40U);
}

}  // namespace
}  // namespace stampede::test
