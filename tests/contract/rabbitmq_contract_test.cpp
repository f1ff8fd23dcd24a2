// The RabbitMQ adapter against the contracts of its two ports, on a real broker.
#include "tests/contract/message_bus_contract.h"
#include "tests/contract/message_feed_contract.h"
#include "tests/contract/rabbitmq_process.h"

namespace stampede::test {
namespace {

/// A bus whose process ends with it.
class ProcessBus final : public MessageBus {
 public:
  explicit ProcessBus(const rabbitmq::Options& options) : process_(options) {}

  void start(Executor& on, Handler handler) override {
    process_.bus().start(on, std::move(handler));
  }
  void bind(std::vector<BindingKey> keys, Reply<Result<void>> bound) override {
    process_.bus().bind(std::move(keys), std::move(bound));
  }
  void unbind(std::vector<BindingKey> keys) override { process_.bus().unbind(std::move(keys)); }
  void publish(std::vector<MessageRef> batch) override { process_.bus().publish(std::move(batch)); }
  void send(GatewayId to, std::vector<MessageRef> batch) override {
    process_.bus().send(std::move(to), std::move(batch));
  }

 private:
  RabbitProcess process_;
};

/// A feed whose process ends with it.
class ProcessFeed final : public MessageFeed {
 public:
  explicit ProcessFeed(const rabbitmq::Options& options) : process_(options) {}

  void append(std::vector<MessageRef> batch, Reply<std::vector<Result<void>>> confirmed) override {
    process_.feed().append(std::move(batch), std::move(confirmed));
  }
  void consume(std::size_t prefetch, Executor& on, Handler handler) override {
    process_.feed().consume(prefetch, on, std::move(handler));
  }
  void ack(std::vector<DeliveryTag> tags) override { process_.feed().ack(std::move(tags)); }
  void reject(std::vector<Rejection> rejections) override {
    process_.feed().reject(std::move(rejections));
  }
  void stop_consuming(Reply<Result<void>> stopped) override {
    process_.feed().stop_consuming(std::move(stopped));
  }

 private:
  RabbitProcess process_;
};

class RabbitBusFixture final : public BusFixture {
 public:
  std::unique_ptr<MessageBus> make_bus(const GatewayId& gateway) override {
    return std::make_unique<ProcessBus>(RabbitProcess::options(names_, gateway.str()));
  }

 private:
  Names names_;
};

class RabbitFeedFixture final : public FeedFixture {
 public:
  std::unique_ptr<MessageFeed> make_feed() override {
    return std::make_unique<ProcessFeed>(RabbitProcess::options(names_, "worker"));
  }

 private:
  Names names_;
};

INSTANTIATE_TEST_SUITE_P(RabbitMq, MessageBusContract,
                         testing::Values([] { return std::make_unique<RabbitBusFixture>(); }));
INSTANTIATE_TEST_SUITE_P(RabbitMq, MessageFeedContract,
                         testing::Values([] { return std::make_unique<RabbitFeedFixture>(); }));

}  // namespace
}  // namespace stampede::test
