// A worker acks whole batches, nearly in order, so a count from the front finds one ack for all.
#include "shared/adapters/rabbitmq/delivery_window.h"

namespace stampede::rabbitmq {

void DeliveryWindow::reset() {
  items_.clear();
  finished_.clear();
  first_ = 1;
}

bool DeliveryWindow::add(Tag tag, const std::vector<MessageRef>& messages) {
  if (tag != first_ + items_.size()) return false;
  Item& item = items_.emplace_back();
  item.open = messages.size();
  item.parts.reserve(messages.size());
  for (const MessageRef& message : messages) item.parts.push_back({message});
  return true;
}

DeliveryWindow::Item* DeliveryWindow::find(Tag tag) {
  if (tag < first_ || tag - first_ >= items_.size()) return nullptr;
  return &items_[static_cast<std::size_t>(tag - first_)];
}

DeliveryWindow::Part* DeliveryWindow::find(Piece piece) {
  Item* item = find(piece.tag);
  if (item == nullptr || piece.index >= item->parts.size()) return nullptr;
  return &item->parts[piece.index];
}

bool DeliveryWindow::finish(Piece piece, State from) {
  Part* part = find(piece);
  if (part == nullptr || part->state != from) return false;
  part->state = State::kFinished;
  part->message.reset();
  if (--find(piece.tag)->open == 0) finished_.push_back(piece.tag);
  return true;
}

MessageRef DeliveryWindow::take(Piece piece) {
  Part* part = find(piece);
  if (part == nullptr || part->state != State::kHeld) return nullptr;
  part->state = State::kTaken;
  return std::move(part->message);
}

void DeliveryWindow::give_back(Piece piece) {
  if (finish(piece, State::kTaken)) find(piece.tag)->given_back = true;
}

std::vector<DeliveryWindow::Answer> DeliveryWindow::due() {
  std::vector<Answer> out;
  // First, so that no ack of several takes them in.
  for (const Tag tag : finished_) {
    Item& item = *find(tag);
    if (!item.given_back) continue;
    item.answered = true;
    out.push_back({tag, false, true});
  }
  Answer front;
  std::size_t fresh = 0;
  for (; !items_.empty() && items_.front().open == 0; items_.pop_front(), ++first_) {
    if (items_.front().answered) continue;
    // Only a tag that is unknown to be answered may be named; the broker closes the channel else.
    front.tag = first_;
    ++fresh;
  }
  front.multiple = fresh > 1;
  if (fresh > 0) out.push_back(front);
  for (const Tag tag : finished_) {
    Item* item = find(tag);
    if (item == nullptr || item->answered) continue;
    item->answered = true;
    out.push_back({tag});
  }
  finished_.clear();
  return out;
}

}  // namespace stampede::rabbitmq
