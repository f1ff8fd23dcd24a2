// A delivery is acked only when its message is committed or lies in the dead letters; everything
// else the broker delivers again, to us or to another worker.
#include "shared/adapters/rabbitmq/feed_consumer.h"

#include <algorithm>
#include <limits>

#include "shared/adapters/rabbitmq/rooms_publisher.h"
#include "shared/model/partition.h"
#include "shared/model/wire.h"

namespace stampede::rabbitmq {
namespace {

/// A delivery tag of the port: the connection's epoch above, AMQP's tag below.
constexpr int kEpochShift = 48;
constexpr std::uint64_t kTagMask = (std::uint64_t{1} << kEpochShift) - 1;
constexpr std::uint64_t kEpochMask = 0xffff;

std::string consumer_tag(std::uint32_t queue) { return "storage." + std::to_string(queue); }

}  // namespace

FeedConsumer::FeedConsumer(std::string self, Link& link, ChannelId channel,
                           const Topology& topology, StoragePublisher& publisher, Meters& meters)
    : self_(std::move(self)),
      link_(link),
      channel_(channel),
      topology_(topology),
      publisher_(publisher),
      meters_(meters) {}

void FeedConsumer::consume(std::size_t prefetch, Executor& on, MessageFeed::Handler handler) {
  const std::size_t each = std::clamp<std::size_t>(prefetch / kStorageQueues, 1,
                                                   std::numeric_limits<std::uint16_t>::max());
  prefetch_each_ = static_cast<std::uint16_t>(each);
  consuming_ = true;
  on_ = &on;
  handler_ = std::make_shared<const MessageFeed::Handler>(std::move(handler));
  owed_consume_oks_ = kStorageQueues;
  link_.attach(channel_, *this);
}

void FeedConsumer::on_up(Connection& connection) {
  connection_ = &connection;
  ++epoch_;
  window_.reset();
  if (!consuming_) return;
  std::string& out = connection.out();
  append_method(out, channel_, AMQP_CHANNEL_OPEN_METHOD, amqp_channel_open_t{amqp_empty_bytes});
  append_method(out, channel_, AMQP_BASIC_QOS_METHOD, amqp_basic_qos_t{0, prefetch_each_, 0});
  for (std::uint32_t i = 0; i < kStorageQueues; ++i) {
    const std::string queue = topology_.storage_queue(i);
    const std::string tag = consumer_tag(i);
    amqp_basic_consume_t method{};
    method.queue = to_amqp(queue);
    method.consumer_tag = to_amqp(tag);
    append_method(out, channel_, AMQP_BASIC_CONSUME_METHOD, method);
  }
  connection.flush();
}

void FeedConsumer::on_down() {
  connection_ = nullptr;
  owed_consume_oks_ = kStorageQueues;
  batch_.clear();
  window_.reset();
  meters_.unacknowledged.set(0);
  burials_ = 0;
  if (stop_ != Stop::kNo) finish_stop();
}

void FeedConsumer::on_method(const Method& method) {
  switch (method.id) {
    case AMQP_BASIC_CONSUME_OK_METHOD:
      if (owed_consume_oks_ > 0 && --owed_consume_oks_ == 0) link_.user_changed();
      return;
    case AMQP_BASIC_CANCEL_OK_METHOD:
      if (owed_cancel_oks_ > 0 && --owed_cancel_oks_ == 0) advance_stop();
      return;
    case AMQP_BASIC_QOS_OK_METHOD:
      if (stop_ == Stop::kFlushing) finish_stop();
      return;
    case AMQP_BASIC_CANCEL_METHOD:
      if (consuming_) {
        link_.fail({Errc::kUnavailable, "the broker took a storage queue away"});
      }
      return;
    default: return;
  }
}

void FeedConsumer::on_content(const Content& content) {
  auto decoded = decode_message(content.body);
  const std::string trouble = decoded ? std::string() : decoded.error().detail;
  const MessageRef message =
      decoded ? std::make_shared<const Message>(*std::move(decoded)) : nullptr;
  if (!window_.add(content.delivery_tag, message)) {
    return link_.fail({Errc::kProtocol, "AMQP: a delivery tag out of order"});
  }
  meters_.deliveries.add();
  if (content.redelivered) meters_.redeliveries.add();
  if (message == nullptr) {
    window_.take(content.delivery_tag);
    return bury(content.delivery_tag, {std::string(content.body), trouble,
                                       topology_.storage_exchange() + "." + content.routing_key});
  }
  batch_.push_back(
      {(epoch_ & kEpochMask) << kEpochShift | content.delivery_tag, message, content.redelivered});
}

void FeedConsumer::on_read_end() {
  if (batch_.empty()) return;
  meters_.unacknowledged.set(static_cast<double>(window_.size()));
  on_->post([handler = handler_, batch = std::exchange(batch_, {})]() mutable {
    (*handler)(std::move(batch));
  });
}

std::optional<DeliveryWindow::Tag> FeedConsumer::current(MessageFeed::DeliveryTag tag) const {
  if (connection_ == nullptr || tag >> kEpochShift != (epoch_ & kEpochMask)) return std::nullopt;
  return tag & kTagMask;
}

void FeedConsumer::ack(const std::vector<MessageFeed::DeliveryTag>& tags) {
  for (const MessageFeed::DeliveryTag tag : tags) {
    if (const auto known = current(tag)) window_.ack(*known);
  }
  send_acks();
}

void FeedConsumer::send_acks() {
  if (connection_ == nullptr) return;
  for (const DeliveryWindow::Ack& ack : window_.due()) {
    append_method(connection_->out(), channel_, AMQP_BASIC_ACK_METHOD,
                  amqp_basic_ack_t{ack.tag, ack.multiple ? 1 : 0});
  }
  connection_->flush();
  meters_.unacknowledged.set(static_cast<double>(window_.size()));
}

void FeedConsumer::publish(const std::vector<MessageRef>& batch) {
  for (const MessageRef& message : batch) write(*message, routing_key(message->room));
}

void FeedConsumer::send(const GatewayId& to, const std::vector<MessageRef>& batch) {
  const std::string key = address_key(to);
  for (const MessageRef& message : batch) write(*message, key);
}

void FeedConsumer::write(const Message& message, const std::string& key) {
  if (connection_ == nullptr) return;
  append_live(*connection_, channel_, topology_, self_, message, key);
  connection_->flush();
  meters_.rooms_publishes.add();
}

void FeedConsumer::reject(std::vector<MessageFeed::Rejection> rejections) {
  for (MessageFeed::Rejection& rejection : rejections) {
    const auto known = current(rejection.tag);
    if (!known) continue;
    const MessageRef message = window_.take(*known);
    if (message == nullptr) continue;
    bury(*known, {encode_message(*message), std::move(rejection.reason),
                  topology_.storage_queue(storage_queue_of(message->room))});
  }
}

void FeedConsumer::bury(DeliveryWindow::Tag tag, DeadLetter letter) {
  ++burials_;
  publisher_.bury(std::move(letter), [this, epoch = epoch_, tag](const Result<void>& outcome) {
    on_buried(epoch, tag, outcome);
  });
}

void FeedConsumer::on_buried(std::uint64_t epoch, DeliveryWindow::Tag tag,
                             const Result<void>& outcome) {
  if (epoch != epoch_ || connection_ == nullptr) return;
  --burials_;
  if (outcome) {
    window_.ack_taken(tag);
  } else if (window_.give_back(tag)) {
    // Delivered again, and by then the dead letters may take it.
    append_method(connection_->out(), channel_, AMQP_BASIC_NACK_METHOD,
                  amqp_basic_nack_t{tag, 0, 1});
  }
  send_acks();
  advance_stop();
}

void FeedConsumer::stop(Reply<Result<void>> stopped) {
  stops_.push_back(std::move(stopped));
  if (stop_ != Stop::kNo) return;
  if (!std::exchange(consuming_, false) || connection_ == nullptr) return finish_stop();
  for (std::uint32_t i = 0; i < kStorageQueues; ++i) {
    const std::string tag = consumer_tag(i);
    append_method(connection_->out(), channel_, AMQP_BASIC_CANCEL_METHOD,
                  amqp_basic_cancel_t{to_amqp(tag), 0});
  }
  connection_->flush();
  owed_cancel_oks_ = kStorageQueues;
  stop_ = Stop::kCancelling;
}

void FeedConsumer::advance_stop() {
  if (stop_ == Stop::kCancelling && owed_cancel_oks_ == 0) stop_ = Stop::kBurying;
  if (stop_ != Stop::kBurying || burials_ > 0) return;
  stop_ = Stop::kFlushing;
  append_method(connection_->out(), channel_, AMQP_BASIC_QOS_METHOD,
                amqp_basic_qos_t{0, prefetch_each_, 0});
  connection_->flush();
}

void FeedConsumer::finish_stop() {
  stop_ = Stop::kNo;
  owed_cancel_oks_ = 0;
  on_read_end();
  link_.user_changed();
  for (Reply<Result<void>>& stopped : std::exchange(stops_, {})) {
    if (on_ == nullptr) {
      stopped(Result<void>());
    } else {
      // Behind the deliveries that are posted already.
      on_->post([stopped = std::move(stopped)] { stopped(Result<void>()); });
    }
  }
}

void FeedConsumer::cancel() {
  for (const Reply<Result<void>>& stopped : std::exchange(stops_, {})) {
    stopped(Error(Errc::kCancelled, "the connection to the broker is being closed"));
  }
}

}  // namespace stampede::rabbitmq
