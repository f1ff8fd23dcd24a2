#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "shared/base/executor.h"
#include "shared/model/message.h"

namespace stampede {

/// Whether the message is one that is stored; otherwise what an adapter's `append` answers for it.
inline Result<void> check_stored_kind(const Message& message) {
  if (is_chat(message)) return {};
  return Error(Errc::kInvalidArgument, "only chat messages are stored");
}

/// The durable path from gateways to storage: at least once, acknowledged on both sides.
///
/// Methods may be called from any thread; handler and replies are posted, never run inside a call.
class MessageFeed {
 public:
  /// Names one delivery until it is acked or rejected; meaningless after a reconnect, when the
  /// broker delivers again and acks of older tags are ignored.
  using DeliveryTag = std::uint64_t;

  struct Delivery {
    DeliveryTag tag = 0;
    MessageRef message;
    bool redelivered = false;
  };
  using Handler = std::function<void(std::vector<Delivery>)>;

  struct Rejection {
    DeliveryTag tag = 0;
    std::string reason;  ///< a sentence for the operator; kept with the dead letter
  };

  virtual ~MessageFeed() = default;

  /// Replies with one result per message, in the order given, once each is confirmed: it survives
  /// the crash of any one component from then on. kUnavailable: refused, or not confirmed before
  /// the connection was lost for longer than the outage bound (then it may still be stored).
  /// kOverloaded: more than the adapter's bound is waiting already. kInvalidArgument: not chat, so
  /// nothing that is ever stored.
  virtual void append(std::vector<MessageRef> batch,
                      Reply<std::vector<Result<void>>> confirmed) = 0;

  /// Once. Competes with every other consumer for messages; at most `prefetch` per connection are
  /// delivered and not yet acked. What was appended together may be delivered together and then
  /// counts as one: at most 32 KiB, or a single larger message. Such messages also come again
  /// together, those that were acked included. What cannot be decoded is dead-lettered by the
  /// adapter itself.
  virtual void consume(std::size_t prefetch, Executor& on, Handler handler) = 0;

  /// The messages are in storage and may be forgotten.
  virtual void ack(std::vector<DeliveryTag> tags) = 0;

  /// The messages go to the dead-letter queue with the reason, and are delivered again only
  /// together with others that are.
  virtual void reject(std::vector<Rejection> rejections) = 0;

  /// Replies when no new delivery will reach the handler; what it has may still be acked.
  virtual void stop_consuming(Reply<Result<void>> stopped) = 0;
};

}  // namespace stampede
