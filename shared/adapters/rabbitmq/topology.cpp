// Declared by every process at every connect: whoever comes first makes it, and a broker that was
// replaced by an empty one is put right without a person.
#include "shared/adapters/rabbitmq/topology.h"

#include "shared/model/partition.h"

namespace stampede::rabbitmq {
namespace {

void declare_exchange(std::string& out, ChannelId channel, const std::string& name,
                      std::string_view type) {
  amqp_exchange_declare_t method{};
  method.exchange = to_amqp(name);
  method.type = to_amqp(type);
  method.durable = 1;
  append_method(out, channel, AMQP_EXCHANGE_DECLARE_METHOD, method);
}

void declare_queue(std::string& out, ChannelId channel, const std::string& name,
                   const Table& arguments) {
  amqp_queue_declare_t method{};
  method.queue = to_amqp(name);
  method.durable = 1;
  method.arguments = arguments.view();
  append_method(out, channel, AMQP_QUEUE_DECLARE_METHOD, method);
}

void bind_queue(std::string& out, ChannelId channel, const std::string& queue,
                const std::string& exchange, const std::string& key) {
  amqp_queue_bind_t method{};
  method.queue = to_amqp(queue);
  method.exchange = to_amqp(exchange);
  method.routing_key = to_amqp(key);
  append_method(out, channel, AMQP_QUEUE_BIND_METHOD, method);
}

}  // namespace

Topology::Topology(const std::string& prefix)
    : rooms_(prefix + ".rooms"), storage_(prefix + ".storage"), dead_(prefix + ".dead") {}

std::string Topology::storage_queue(std::uint32_t index) const {
  return storage_ + "." + std::to_string(index);
}

std::size_t Topology::declare(std::string& out, ChannelId channel) const {
  Table quorum;
  quorum.text("x-queue-type", "quorum");
  Table storage;
  storage.text("x-queue-type", "quorum")
      .text("x-overflow", "reject-publish")
      .text("x-dead-letter-exchange", dead_)
      .text("x-dead-letter-strategy", "at-least-once");

  declare_exchange(out, channel, rooms_, "topic");
  declare_exchange(out, channel, storage_, "direct");
  declare_exchange(out, channel, dead_, "fanout");
  declare_queue(out, channel, dead_, quorum);
  bind_queue(out, channel, dead_, dead_, "");
  for (std::uint32_t index = 0; index < kStorageQueues; ++index) {
    declare_queue(out, channel, storage_queue(index), storage);
    bind_queue(out, channel, storage_queue(index), storage_, std::to_string(index));
  }
  return 5 + 2 * kStorageQueues;
}

}  // namespace stampede::rabbitmq
