// One deque and arithmetic instead of a map: tags count up by one, and confirms come nearly in
// order.
#include "shared/adapters/rabbitmq/confirm_queue.h"

#include <algorithm>
#include <iterator>

namespace stampede::rabbitmq {

ConfirmQueue::ConfirmQueue(std::size_t window) : window_(window) {}

void ConfirmQueue::push(Publish publish) {
  bytes_ += publish.bytes;
  unsettled_ += publish.messages;
  items_.push_back(std::move(publish));
}

const Publish* ConfirmQueue::next_to_send(Tag& tag) {
  if (in_flight_ >= window_) return nullptr;
  // What expired while it waited was never sent, so it must not take a tag.
  const auto waiting = items_.begin() + static_cast<std::ptrdiff_t>(sent_);
  const auto next = std::find_if(waiting, items_.end(),
                                 [](const Publish& item) { return item.settlement != nullptr; });
  items_.erase(waiting, next);
  if (sent_ == items_.size()) return nullptr;
  tag = first_tag_ + sent_;
  ++in_flight_;
  return &items_[sent_++];
}

std::pair<std::size_t, std::size_t> ConfirmQueue::range(Tag tag, bool multiple) const {
  // In basic.ack and basic.nack, tag 0 with multiple means everything so far.
  if (tag == 0) return {0, multiple ? sent_ : 0};
  if (tag < first_tag_ || tag - first_tag_ >= sent_) return {0, 0};
  const auto end = static_cast<std::size_t>(tag - first_tag_) + 1;
  return {multiple ? 0 : end - 1, end};
}

ConfirmQueue::Confirmed ConfirmQueue::ack(Tag tag, bool multiple) {
  Confirmed out;
  const auto [begin, end] = range(tag, multiple);
  for (std::size_t i = begin; i < end; ++i) {
    Publish& item = items_[i];
    if (item.settlement == nullptr) continue;
    if (item.returned) {
      refuse(item);
      continue;
    }
    if (out.messages == 0) out.oldest = item.since;
    out.messages += item.messages;
    --in_flight_;
    settle(item, Result<void>());
  }
  drop_settled_front();
  return out;
}

std::size_t ConfirmQueue::nack(Tag tag, bool multiple) {
  std::size_t count = 0;
  const auto [begin, end] = range(tag, multiple);
  for (std::size_t i = begin; i < end; ++i) {
    Publish& item = items_[i];
    if (item.settlement == nullptr) continue;
    count += item.messages;
    item.trouble = "refused it";
    refuse(item);
  }
  drop_settled_front();
  return count;
}

void ConfirmQueue::refuse(Publish& publish) {
  --in_flight_;
  publish.returned = false;
  refused_.push_back(std::move(publish));
}

void ConfirmQueue::retry() {
  items_.insert(items_.begin() + static_cast<std::ptrdiff_t>(sent_),
                std::move_iterator(refused_.begin()), std::move_iterator(refused_.end()));
  refused_.clear();
}

std::size_t ConfirmQueue::returned(Tag tag, std::string_view why) {
  if (tag < first_tag_ || tag - first_tag_ >= sent_) return 0;
  Publish& item = items_[static_cast<std::size_t>(tag - first_tag_)];
  item.returned = true;
  item.trouble = "returned it: " + std::string(why);
  return item.settlement == nullptr ? 0 : item.messages;
}

void ConfirmQueue::connection_lost() {
  std::erase_if(items_, [](const Publish& item) { return item.settlement == nullptr; });
  for (Publish& item : items_) item.returned = false;
  sent_ = 0;
  in_flight_ = 0;
  first_tag_ = 1;
  retry();
}

std::size_t ConfirmQueue::expire(Clock::Instant deadline, const std::string& why) {
  const std::size_t before = unsettled_;
  // What was sent is not in the order of `since` once something was sent again; what waits is.
  for (std::size_t i = 0; i < sent_; ++i) {
    if (items_[i].settlement == nullptr || items_[i].since >= deadline) continue;
    --in_flight_;
    expire(items_[i], why);
  }
  for (std::size_t i = sent_; i < items_.size() && items_[i].since < deadline; ++i) {
    if (items_[i].settlement != nullptr) expire(items_[i], why);
  }
  for (Publish& item : refused_) {
    if (item.since < deadline) expire(item, why);
  }
  std::erase_if(refused_, [](const Publish& item) { return item.settlement == nullptr; });
  drop_settled_front();
  return before - unsettled_;
}

void ConfirmQueue::expire(Publish& publish, const std::string& why) {
  const std::string& trouble = publish.trouble;
  settle(publish, Error(Errc::kUnavailable, trouble.empty() ? why : why + ", and " + trouble));
}

void ConfirmQueue::cancel_all(const Error& error) {
  retry();
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].settlement != nullptr) settle(items_[i], error);
  }
  items_.clear();
  first_tag_ += sent_;
  sent_ = 0;
  in_flight_ = 0;
}

void ConfirmQueue::settle(Publish& publish, Result<void> outcome) {
  const auto settlement = std::exchange(publish.settlement, nullptr);
  const std::size_t index = publish.index;
  bytes_ -= publish.bytes;
  unsettled_ -= publish.messages;
  publish.payload = {};
  publish.dead.reset();
  settlement->settle(index, std::move(outcome));
}

void ConfirmQueue::drop_settled_front() {
  while (sent_ > 0 && items_.front().settlement == nullptr) {
    items_.pop_front();
    ++first_tag_;
    --sent_;
  }
}

}  // namespace stampede::rabbitmq
