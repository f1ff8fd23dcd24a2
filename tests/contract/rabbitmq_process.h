#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "shared/adapters/rabbitmq/rabbitmq.h"
#include "tests/contract/asking.h"
#include "tests/contract/rabbitmq_broker.h"

namespace stampede::test {

inline std::set<MessageId> ids_of(const std::vector<MessageRef>& batch) {
  std::set<MessageId> out;
  for (const MessageRef& message : batch) out.insert(message->id);
  return out;
}
inline std::set<MessageId> ids_of(const std::vector<MessageFeed::Delivery>& deliveries) {
  std::set<MessageId> out;
  for (const auto& delivery : deliveries) out.insert(delivery.message->id);
  return out;
}
inline std::vector<MessageFeed::DeliveryTag> tags_of(
    const std::vector<MessageFeed::Delivery>& deliveries) {
  std::vector<MessageFeed::DeliveryTag> out;
  out.reserve(deliveries.size());
  for (const auto& delivery : deliveries) out.push_back(delivery.tag);
  return out;
}

/// One process as the broker sees it: a loop, its ports, its metrics. Destroying it is the
/// process's end.
class RabbitProcess {
 public:
  explicit RabbitProcess(const rabbitmq::Options& options)
      : ports_(rabbitmq::make_ports(loop_, options, metrics_, health_).value()) {
    loop_.start();
  }
  ~RabbitProcess() { loop_.stop(); }
  RabbitProcess(const RabbitProcess&) = delete;
  RabbitProcess& operator=(const RabbitProcess&) = delete;

  static rabbitmq::Options options(const Names& names, const std::string& self,
                                   const std::string& url = broker_url()) {
    rabbitmq::Options out;
    out.url = url;
    out.self = GatewayId(self);
    out.prefix = names.prefix();
    return out;
  }

  [[nodiscard]] bool becomes_ready() {
    return eventually([this] { return health_.ready(); });
  }
  [[nodiscard]] std::string reason() const { return health_.components().at(0).reason; }

  MessageBus& bus() { return *ports_.bus; }
  MessageFeed& feed() { return *ports_.feed; }
  Health& health() { return health_; }
  Metrics& metrics() { return metrics_; }
  Loop& loop() { return loop_; }
  /// As an application does it when it ends.
  void end_ports() {
    loop_.stop();
    ports_ = {};
  }

 private:
  Loop loop_{"rabbitmq"};
  Metrics metrics_;
  Health health_;
  rabbitmq::Ports ports_;
};

}  // namespace stampede::test
