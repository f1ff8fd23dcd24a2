// Confirms come for windows of parcels, so the sender never waits for one round trip per message;
// what is unconfirmed is kept and said again after a reconnect, because storage knows duplicates by
// their id.
#include "shared/adapters/rabbitmq/storage_publisher.h"

#include <charconv>

#include "shared/adapters/rabbitmq/append_batch.h"
#include "shared/model/partition.h"

namespace stampede::rabbitmq {
namespace {

/// More than this in front of the socket only costs memory.
constexpr std::size_t kMaxUnsentBytes = 4 * 1024 * 1024;
constexpr std::size_t kMaxReasonBytes = 1'000;
constexpr std::uint8_t kPersistent = 2;
/// A queue that is missing is first the workers' to declare. When it is there again within
/// milliseconds of its deletion RabbitMQ (seen with 3.10) may forget to cancel its consumers, which
/// then wait for ever.
constexpr Milliseconds kDeclareAfter{1'000};

Clock::Instant now() { return std::chrono::steady_clock::now(); }

class Burial final : public Settlement {
 public:
  explicit Burial(StoragePublisher::Done done) : done_(std::move(done)) {}
  void settle(std::size_t, Result<void> outcome) override { done_(std::move(outcome)); }

 private:
  StoragePublisher::Done done_;
};

std::string_view to_text(ConfirmQueue::Tag tag, std::array<char, 20>& buffer) {
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), tag).ptr;
  return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

}  // namespace

StoragePublisher::StoragePublisher(Settings settings, Link& link, ChannelId channel,
                                   const Topology& topology, Meters& meters)
    : settings_(std::move(settings)),
      link_(link),
      channel_(channel),
      topology_(topology),
      meters_(meters),
      queue_(settings_.window) {
  for (std::uint32_t i = 0; i < kStorageQueues; ++i) storage_keys_.push_back(std::to_string(i));
}

void StoragePublisher::append(const std::vector<MessageRef>& batch,
                              Reply<std::vector<Result<void>>> confirmed) {
  auto parcels =
      parcels_of(batch, {queue_.bytes(), settings_.max_bytes}, now(), std::move(confirmed));
  for (Publish& parcel : parcels) queue_.push(std::move(parcel));
  pump();
}

void StoragePublisher::bury(DeadLetter letter, Done done) {
  if (letter.reason.size() > kMaxReasonBytes) letter.reason.resize(kMaxReasonBytes);
  Publish publish;
  publish.bytes = letter.payload.size() + letter.reason.size();
  publish.dead = std::make_unique<DeadLetter>(std::move(letter));
  publish.settlement = std::make_shared<Burial>(std::move(done));
  publish.since = now();
  queue_.push(std::move(publish));
  pump();
}

void StoragePublisher::tick(Clock::Instant at) {
  if (queue_.unsettled() == 0) return;
  const std::size_t expired = queue_.expire(
      at - settings_.outage_bound, "the broker did not confirm the message within " +
                                       std::to_string(settings_.outage_bound.count()) + " ms");
  meters_.expired.add(static_cast<double>(expired));
  if (returned_since_ && at - *returned_since_ >= kDeclareAfter) declare_topology();
  queue_.retry();
  pump();
}

void StoragePublisher::declare_topology() {
  if (!ready_) return;
  returned_since_.reset();
  // On this channel, so that the broker has the queues before what is sent again behind it.
  topology_.declare(connection_->out(), channel_);
  if (const auto held_back = log_limiter_.admit(now()); held_back >= 0) {
    log_warn("rabbitmq has no queue for messages; declaring all again", {{"held_back", held_back}});
  }
}

void StoragePublisher::cancel() {
  queue_.cancel_all({Errc::kCancelled, "the connection to the broker is being closed"});
}

void StoragePublisher::on_up(Connection& connection) {
  connection_ = &connection;
  append_method(connection.out(), channel_, AMQP_CHANNEL_OPEN_METHOD,
                amqp_channel_open_t{amqp_empty_bytes});
  append_method(connection.out(), channel_, AMQP_CONFIRM_SELECT_METHOD, amqp_confirm_select_t{0});
  connection.flush();
}

void StoragePublisher::on_down() {
  connection_ = nullptr;
  ready_ = false;
  returned_since_.reset();
  queue_.connection_lost();
}

void StoragePublisher::on_method(const Method& method) {
  switch (method.id) {
    case AMQP_CONFIRM_SELECT_OK_METHOD:
      ready_ = true;
      link_.user_changed();
      break;
    case AMQP_BASIC_ACK_METHOD: {
      const auto& ack = *static_cast<const amqp_basic_ack_t*>(method.decoded);
      count(queue_.ack(ack.delivery_tag, ack.multiple != 0));
      break;
    }
    case AMQP_BASIC_NACK_METHOD: {
      const auto& nack = *static_cast<const amqp_basic_nack_t*>(method.decoded);
      const std::size_t refused = queue_.nack(nack.delivery_tag, nack.multiple != 0);
      meters_.nacks.add(static_cast<double>(refused));
      if (const auto held_back = log_limiter_.admit(now()); held_back >= 0) {
        log_warn("rabbitmq refused messages, they are sent again",
                 {{"messages", refused}, {"held_back", held_back}});
      }
      break;
    }
    default: return;
  }
  pump();
}

void StoragePublisher::count(const ConfirmQueue::Confirmed& confirmed) {
  if (confirmed.messages == 0) return;
  meters_.confirms.add(static_cast<double>(confirmed.messages));
  meters_.confirm_seconds.observe(std::chrono::duration<double>(now() - confirmed.oldest).count());
}

void StoragePublisher::on_content(const Content& content) {
  ConfirmQueue::Tag tag = 0;
  const std::string& text = content.correlation_id;
  std::from_chars(text.data(), text.data() + text.size(), tag);
  const std::size_t messages =
      queue_.returned(tag, std::to_string(content.reply_code) + " " + content.reply_text);
  if (!returned_since_) returned_since_ = now();
  meters_.returns.add(static_cast<double>(messages));
}

void StoragePublisher::pump() {
  if (ready_ && !link_.blocked()) {
    ConfirmQueue::Tag tag = 0;
    while (connection_->unsent_bytes() < kMaxUnsentBytes) {
      const Publish* next = queue_.next_to_send(tag);
      if (next == nullptr) break;
      send(*next, tag);
    }
    connection_->flush();
  }
  meters_.unconfirmed.set(static_cast<double>(queue_.unsettled()));
}

void StoragePublisher::send(const Publish& publish, ConfirmQueue::Tag tag) {
  std::array<char, 20> buffer{};
  amqp_basic_properties_t properties{};
  properties._flags =
      AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG | AMQP_BASIC_APP_ID_FLAG;
  properties.delivery_mode = kPersistent;
  properties.correlation_id = to_amqp(to_text(tag, buffer));
  properties.app_id = to_amqp(settings_.self);
  if (publish.dead) return send_dead(*publish.dead, properties);

  amqp_basic_publish_t method{};
  method.exchange = to_amqp(topology_.storage_exchange());
  method.routing_key = to_amqp(storage_keys_[publish.queue]);
  method.mandatory = 1;
  append_publish(connection_->out(), channel_, method, properties, publish.payload,
                 connection_->frame_max());
  meters_.storage_publishes.add(static_cast<double>(publish.messages));
}

void StoragePublisher::send_dead(const DeadLetter& letter, amqp_basic_properties_t properties) {
  Table headers;
  headers.text("x-reason", letter.reason).text("x-queue", letter.queue);
  properties._flags |= AMQP_BASIC_HEADERS_FLAG;
  properties.headers = headers.view();

  amqp_basic_publish_t method{};
  method.exchange = to_amqp(topology_.dead_exchange());
  method.mandatory = 1;
  append_publish(connection_->out(), channel_, method, properties, letter.payload,
                 connection_->frame_max());
  meters_.dead_publishes.add();
}

}  // namespace stampede::rabbitmq
