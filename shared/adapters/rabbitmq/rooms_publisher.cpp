// Kept apart from the confirmed channel, because a confirm waits for every queue a message goes to.
#include "shared/adapters/rabbitmq/rooms_publisher.h"

#include "shared/model/partition.h"
#include "shared/model/wire.h"

namespace stampede::rabbitmq {

void append_live(Connection& connection, ChannelId channel, const Topology& topology,
                 const std::string& self, const Message& message, const std::string& key) {
  amqp_basic_publish_t method{};
  method.exchange = to_amqp(topology.rooms_exchange());
  method.routing_key = to_amqp(key);
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_APP_ID_FLAG;
  properties.app_id = to_amqp(self);
  append_publish(connection.out(), channel, method, properties, encode_message(message),
                 connection.frame_max());
}

std::string address_key(const GatewayId& to) {
  return to.empty() ? all_gateways_key() : routing_key(to);
}

RoomsPublisher::RoomsPublisher(Settings settings, Link& link, ChannelId channel,
                               const Topology& topology, Meters& meters)
    : settings_(std::move(settings)),
      link_(link),
      channel_(channel),
      topology_(topology),
      meters_(meters) {}

void RoomsPublisher::on_up(Connection& connection) {
  connection_ = &connection;
  append_method(connection.out(), channel_, AMQP_CHANNEL_OPEN_METHOD,
                amqp_channel_open_t{amqp_empty_bytes});
  connection.flush();
}

void RoomsPublisher::on_down() {
  connection_ = nullptr;
  ready_ = false;
}

void RoomsPublisher::on_method(const Method& method) {
  if (method.id != AMQP_CHANNEL_OPEN_OK_METHOD) return;
  ready_ = true;
  link_.user_changed();
}

bool RoomsPublisher::can_write(std::size_t messages) {
  if (ready_ && !link_.blocked()) return true;
  (ready_ ? meters_.bus_dropped_blocked : meters_.bus_dropped_away)
      .add(static_cast<double>(messages));
  return false;
}

void RoomsPublisher::publish(const std::vector<MessageRef>& batch) {
  if (!can_write(batch.size())) return;
  for (const MessageRef& message : batch) write(*message, routing_key(message->room));
  connection_->flush();
}

void RoomsPublisher::send(const GatewayId& to, const std::vector<MessageRef>& batch) {
  if (!can_write(batch.size())) return;
  const std::string key = address_key(to);
  for (const MessageRef& message : batch) write(*message, key);
  connection_->flush();
}

void RoomsPublisher::write(const Message& message, const std::string& key) {
  // The other half is left to what rooms would have to heal, and to what nobody could.
  const std::size_t bound = settings_.max_unsent_bytes / (is_dropped_first(message) ? 2 : 1);
  if (connection_->unsent_bytes() > bound) {
    return meters_.bus_dropped_full.add();
  }
  append_live(*connection_, channel_, topology_, settings_.self, message, key);
  meters_.rooms_publishes.add();
}

}  // namespace stampede::rabbitmq
