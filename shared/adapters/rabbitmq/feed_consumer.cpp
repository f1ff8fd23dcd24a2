// A delivery is acked only when its messages are committed or lie in the dead letters; everything
// else the broker delivers again, to us or to another worker.
#include "shared/adapters/rabbitmq/feed_consumer.h"

#include <algorithm>
#include <limits>

#include "shared/adapters/rabbitmq/rooms_publisher.h"
#include "shared/model/parcel.h"
#include "shared/model/partition.h"
#include "shared/model/wire.h"

namespace stampede::rabbitmq {
namespace {

/// A delivery tag of the port names one message. From the top: 14 bits of the connection's epoch
/// (that many reconnects and a worker that still has the batch of before: not both), 8 of the
/// message's place in its parcel, 42 of AMQP's tag (four years of 30,000 deliveries a second).
constexpr int kIndexShift = 42;
constexpr int kEpochShift = 50;
constexpr std::uint64_t kTagMask = (std::uint64_t{1} << kIndexShift) - 1;
constexpr std::uint64_t kIndexMask = 0xff;
constexpr std::uint64_t kEpochMask = 0x3fff;
static_assert(kMaxParcelMessages <= kIndexMask + 1);

std::string consumer_tag(std::uint32_t queue) { return "storage." + std::to_string(queue); }

/// A message, or part of a payload, that cannot be read.
struct Unreadable {
  std::size_t index = 0;
  std::string bytes;
  std::string why;
};

struct Parcel {
  std::vector<MessageRef> messages;  ///< null where it is unreadable
  std::vector<Unreadable> unreadable;
};

/// What cannot be told apart is one unreadable message.
Parcel read_parcel(std::string_view payload) {
  Parcel out;
  const auto pieces = open_parcel(payload);
  if (!pieces) return {{nullptr}, {{0, std::string(payload), pieces.error().detail}}};
  out.messages.reserve(pieces->size());
  for (const std::string_view piece : *pieces) {
    auto decoded = decode_message(piece);
    if (!decoded) {
      out.unreadable.push_back({out.messages.size(), std::string(piece), decoded.error().detail});
    }
    out.messages.push_back(decoded ? std::make_shared<const Message>(*std::move(decoded))
                                   : nullptr);
  }
  return out;
}

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
  Parcel parcel = read_parcel(content.body);
  if (!window_.add(content.delivery_tag, parcel.messages)) {
    return link_.fail({Errc::kProtocol, "AMQP: a delivery tag out of order"});
  }
  const auto count = static_cast<double>(parcel.messages.size());
  meters_.deliveries.add(count);
  if (content.redelivered) meters_.redeliveries.add(count);
  for (std::size_t i = 0; i < parcel.messages.size(); ++i) {
    if (parcel.messages[i] == nullptr) continue;
    batch_.push_back(
        {tag_of({content.delivery_tag, i}), std::move(parcel.messages[i]), content.redelivered});
  }
  for (Unreadable& one : parcel.unreadable) {
    const DeliveryWindow::Piece piece{content.delivery_tag, one.index};
    window_.take(piece);
    bury(piece, {std::move(one.bytes), std::move(one.why),
                 topology_.storage_exchange() + "." + content.routing_key});
  }
}

void FeedConsumer::on_read_end() {
  if (batch_.empty()) return;
  meters_.unacknowledged.set(static_cast<double>(window_.size()));
  on_->post([handler = handler_, batch = std::exchange(batch_, {})]() mutable {
    (*handler)(std::move(batch));
  });
}

MessageFeed::DeliveryTag FeedConsumer::tag_of(DeliveryWindow::Piece piece) const {
  return (epoch_ & kEpochMask) << kEpochShift | piece.index << kIndexShift | piece.tag;
}

std::optional<DeliveryWindow::Piece> FeedConsumer::current(MessageFeed::DeliveryTag tag) const {
  if (connection_ == nullptr || tag >> kEpochShift != (epoch_ & kEpochMask)) return std::nullopt;
  return DeliveryWindow::Piece{tag & kTagMask, tag >> kIndexShift & kIndexMask};
}

void FeedConsumer::ack(const std::vector<MessageFeed::DeliveryTag>& tags) {
  for (const MessageFeed::DeliveryTag tag : tags) {
    if (const auto known = current(tag)) window_.ack(*known);
  }
  send_answers();
}

void FeedConsumer::send_answers() {
  if (connection_ == nullptr) return;
  for (const DeliveryWindow::Answer& answer : window_.due()) {
    if (answer.requeue) {
      // Delivered again, and by then the dead letters may take what they did not.
      append_method(connection_->out(), channel_, AMQP_BASIC_NACK_METHOD,
                    amqp_basic_nack_t{answer.tag, 0, 1});
    } else {
      append_method(connection_->out(), channel_, AMQP_BASIC_ACK_METHOD,
                    amqp_basic_ack_t{answer.tag, answer.multiple ? 1 : 0});
    }
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

void FeedConsumer::bury(DeliveryWindow::Piece piece, DeadLetter letter) {
  ++burials_;
  publisher_.bury(std::move(letter), [this, epoch = epoch_, piece](const Result<void>& outcome) {
    on_buried(epoch, piece, outcome);
  });
}

void FeedConsumer::on_buried(std::uint64_t epoch, DeliveryWindow::Piece piece,
                             const Result<void>& outcome) {
  if (epoch != epoch_ || connection_ == nullptr) return;
  --burials_;
  if (outcome) {
    window_.ack_taken(piece);
  } else {
    window_.give_back(piece);
  }
  send_answers();
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
