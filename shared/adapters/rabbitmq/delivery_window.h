#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "shared/model/message.h"

namespace stampede::rabbitmq {

/// Deliveries of one channel that the broker still holds for us, in the order of their tags, the
/// messages in each, and the fewest acks that free them. A delivery is finished with its last
/// message. Pure; one thread.
class DeliveryWindow {
 public:
  using Tag = std::uint64_t;  ///< 1 for the first delivery on a channel

  /// One message of a delivery.
  struct Piece {
    Tag tag = 0;
    std::size_t index = 0;
  };

  struct Answer {
    Tag tag = 0;
    bool multiple = false;  ///< and all before it
    bool requeue = false;   ///< basic.nack; else basic.ack
  };

  /// A new channel: everything before is void.
  void reset();
  /// The next delivery and its messages, at least one; any may be null. False: the broker skipped
  /// or repeated a tag.
  [[nodiscard]] bool add(Tag tag, const std::vector<MessageRef>& messages);

  /// The consumer is done with the message. Nothing happens if it does not hold it.
  void ack(Piece piece) { finish(piece, State::kHeld); }
  /// Takes the message from the consumer until `ack_taken` or `give_back`; null if the consumer
  /// does not hold it.
  MessageRef take(Piece piece);
  void ack_taken(Piece piece) { finish(piece, State::kTaken); }
  /// What was taken has to come again, and with it all of its delivery, once that is finished.
  void give_back(Piece piece);

  /// What to send now, in this order: a nack each for what comes again, one ack for everything that
  /// is finished from the oldest on, one each for what is finished further on.
  [[nodiscard]] std::vector<Answer> due();

  /// Deliveries.
  [[nodiscard]] std::size_t size() const { return items_.size(); }

 private:
  enum class State : std::uint8_t { kHeld, kTaken, kFinished };
  struct Part {
    MessageRef message;
    State state = State::kHeld;
  };
  struct Item {
    std::vector<Part> parts;
    std::size_t open = 0;     ///< parts that are not finished
    bool given_back = false;  ///< some part was
    bool answered = false;
  };

  Item* find(Tag tag);
  Part* find(Piece piece);
  bool finish(Piece piece, State from);

  std::deque<Item> items_;
  Tag first_ = 1;
  std::vector<Tag> finished_;  ///< since the last `due`
};

}  // namespace stampede::rabbitmq
