#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "shared/model/message.h"

namespace stampede::rabbitmq {

/// Deliveries of one channel that the broker still holds for us, in the order of their tags, and
/// the fewest acks that free them. Pure; one thread.
class DeliveryWindow {
 public:
  using Tag = std::uint64_t;  ///< 1 for the first delivery on a channel

  struct Ack {
    Tag tag = 0;
    bool multiple = false;
  };

  /// A new channel: everything before is void.
  void reset();
  /// The next delivery; `message` may be null. False: the broker skipped or repeated a tag.
  [[nodiscard]] bool add(Tag tag, MessageRef message);

  /// The consumer is done with the delivery. Nothing happens if it does not hold it.
  void ack(Tag tag) { finish(tag, State::kHeld, State::kDone); }
  /// Takes the delivery from the consumer until `ack_taken` or `give_back`; its message, or null if
  /// the consumer does not hold it.
  MessageRef take(Tag tag);
  void ack_taken(Tag tag) { finish(tag, State::kTaken, State::kDone); }
  /// The owner sends a nack for `tag`; false if it is not one that was taken.
  [[nodiscard]] bool give_back(Tag tag) { return finish(tag, State::kTaken, State::kSettled); }

  /// Acks to send now: one for everything done from the oldest on, one each for what is done
  /// further on.
  [[nodiscard]] std::vector<Ack> due();

  [[nodiscard]] std::size_t size() const { return items_.size(); }

 private:
  enum class State { kHeld, kTaken, kDone, kSettled };
  struct Item {
    MessageRef message;
    State state = State::kHeld;
  };

  Item* find(Tag tag);
  bool finish(Tag tag, State from, State to);

  std::deque<Item> items_;
  Tag first_ = 1;
  std::vector<Tag> done_;  ///< since the last `due`
};

}  // namespace stampede::rabbitmq
