#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shared/adapters/rabbitmq/delivery_window.h"
#include "shared/adapters/rabbitmq/link.h"
#include "shared/adapters/rabbitmq/meters.h"
#include "shared/adapters/rabbitmq/storage_publisher.h"
#include "shared/ports/message_feed.h"

namespace stampede::rabbitmq {

/// Consumes all storage queues on one channel, each with its share of the prefetch (at least one),
/// because quorum queues know no limit over several consumers. A delivery is a parcel of messages
/// (shared/model/parcel.h) and acked when all of them are. What cannot be decoded, or is rejected,
/// is confirmed by the dead letters before that, each message by itself. One thread, the loop's.
class FeedConsumer final : public ChannelUser {
 public:
  /// `self`: AMQP app_id of what it publishes.
  FeedConsumer(std::string self, Link& link, ChannelId channel, const Topology& topology,
               StoragePublisher& publisher, Meters& meters);

  /// Begins to consume; once.
  void consume(std::size_t prefetch, Executor& on, MessageFeed::Handler handler);
  void ack(const std::vector<MessageFeed::DeliveryTag>& tags);
  void reject(std::vector<MessageFeed::Rejection> rejections);
  /// Publish what became of deliveries, ahead of their acks and on their channel: the broker takes
  /// an ack only after it. Without the connection that the acks need nothing is published; the
  /// broker delivers again then. Bounded by the prefetch.
  void publish(const std::vector<MessageRef>& batch);
  /// To one gateway, or to all when `to` is empty.
  void send(const GatewayId& to, const std::vector<MessageRef>& batch);
  /// Replies when no delivery is on its way, rejected ones are safe, and the broker has all acks.
  void stop(Reply<Result<void>> stopped);
  /// Answers what is unanswered with kCancelled.
  void cancel();

 private:
  void on_up(Connection& connection) override;
  void on_down() override;
  void on_method(const Method& method) override;
  void on_content(const Content& content) override;
  void on_read_end() override;
  [[nodiscard]] bool ready() const override { return !consuming_ || owed_consume_oks_ == 0; }

  void write(const Message& message, const std::string& key);
  [[nodiscard]] MessageFeed::DeliveryTag tag_of(DeliveryWindow::Piece piece) const;
  [[nodiscard]] std::optional<DeliveryWindow::Piece> current(MessageFeed::DeliveryTag tag) const;
  void bury(DeliveryWindow::Piece piece, DeadLetter letter);
  void on_buried(std::uint64_t epoch, DeliveryWindow::Piece piece, const Result<void>& outcome);
  void send_answers();
  void advance_stop();
  void finish_stop();

  const std::string self_;
  Link& link_;
  ChannelId channel_;
  const Topology& topology_;
  StoragePublisher& publisher_;
  Meters& meters_;

  bool consuming_ = false;
  std::uint16_t prefetch_each_ = 1;
  Executor* on_ = nullptr;
  std::shared_ptr<const MessageFeed::Handler> handler_;
  std::vector<MessageFeed::Delivery> batch_;  ///< of the read under way
  std::vector<Reply<Result<void>>> stops_;

  Connection* connection_ = nullptr;  ///< while the link is up
  std::uint64_t epoch_ = 0;           ///< of the connection; upper part of a delivery tag
  std::size_t owed_consume_oks_ = 0;
  DeliveryWindow window_;

  /// Stopping: cancels are sent; every reject is settled; a last answer proves that the broker has
  /// all acks.
  enum class Stop { kNo, kCancelling, kBurying, kFlushing };
  Stop stop_ = Stop::kNo;
  std::size_t owed_cancel_oks_ = 0;
  std::size_t burials_ = 0;  ///< on this connection, not confirmed
};

}  // namespace stampede::rabbitmq
