#pragma once

#include <string>
#include <vector>

#include "shared/adapters/rabbitmq/link.h"
#include "shared/adapters/rabbitmq/meters.h"
#include "shared/model/message.h"

namespace stampede::rabbitmq {

/// Appends basic.publish of a live message under `key` to the rooms exchange. `self`: AMQP app_id.
void append_live(Connection& connection, ChannelId channel, const Topology& topology,
                 const std::string& self, const Message& message, const std::string& key);

/// The key of one gateway's own address, or of all gateways when `to` is empty.
std::string address_key(const GatewayId& to);

/// Whether it is the first to be left out when not everything can be written: nobody misses it, or
/// what it says is asked for anew.
[[nodiscard]] inline bool is_dropped_first(const Message& message) noexcept {
  return !is_chat(message) && !is_addressed(message);
}

/// The unconfirmed channel: live messages to the rooms exchange, for rooms and for gateways, at
/// most once. What cannot be written now is dropped and counted. One thread, the loop's.
class RoomsPublisher final : public ChannelUser {
 public:
  struct Settings {
    std::string self;  ///< AMQP app_id
    std::size_t max_unsent_bytes = 0;
  };

  RoomsPublisher(Settings settings, Link& link, ChannelId channel, const Topology& topology,
                 Meters& meters);

  void publish(const std::vector<MessageRef>& batch);
  /// To one gateway, or to all when `to` is empty.
  void send(const GatewayId& to, const std::vector<MessageRef>& batch);

 private:
  void on_up(Connection& connection) override;
  void on_down() override;
  void on_method(const Method& method) override;
  void on_content(const Content&) override {}
  [[nodiscard]] bool ready() const override { return ready_; }

  /// Whether the broker takes anything; otherwise the batch is counted as dropped.
  [[nodiscard]] bool can_write(std::size_t messages);
  void write(const Message& message, const std::string& key);

  Settings settings_;
  Link& link_;
  ChannelId channel_;
  const Topology& topology_;
  Meters& meters_;
  Connection* connection_ = nullptr;  ///< while the link is up
  bool ready_ = false;
};

}  // namespace stampede::rabbitmq
