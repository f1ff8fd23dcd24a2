// A worker acks whole batches, nearly in order, so a count from the front finds one ack for all.
#include "shared/adapters/rabbitmq/delivery_window.h"

namespace stampede::rabbitmq {

void DeliveryWindow::reset() {
  items_.clear();
  done_.clear();
  first_ = 1;
}

bool DeliveryWindow::add(Tag tag, MessageRef message) {
  if (tag != first_ + items_.size()) return false;
  items_.push_back({std::move(message)});
  return true;
}

DeliveryWindow::Item* DeliveryWindow::find(Tag tag) {
  if (tag < first_ || tag - first_ >= items_.size()) return nullptr;
  return &items_[static_cast<std::size_t>(tag - first_)];
}

bool DeliveryWindow::finish(Tag tag, State from, State to) {
  Item* item = find(tag);
  if (item == nullptr || item->state != from) return false;
  item->state = to;
  item->message.reset();
  if (to == State::kDone) done_.push_back(tag);
  return true;
}

MessageRef DeliveryWindow::take(Tag tag) {
  Item* item = find(tag);
  if (item == nullptr || item->state != State::kHeld) return nullptr;
  item->state = State::kTaken;
  return std::move(item->message);
}

std::vector<DeliveryWindow::Ack> DeliveryWindow::due() {
  std::vector<Ack> out;
  Ack front;
  std::size_t fresh = 0;
  for (; !items_.empty(); items_.pop_front(), ++first_) {
    const State state = items_.front().state;
    if (state != State::kDone && state != State::kSettled) break;
    if (state == State::kDone) {
      // Only a tag that is unknown to be acked may be named; the broker closes the channel else.
      front.tag = first_;
      ++fresh;
    }
  }
  front.multiple = fresh > 1;
  if (fresh > 0) out.push_back(front);
  for (const Tag tag : done_) {
    Item* item = find(tag);
    if (item == nullptr) continue;
    item->state = State::kSettled;
    out.push_back({tag, false});
  }
  done_.clear();
  return out;
}

}  // namespace stampede::rabbitmq
