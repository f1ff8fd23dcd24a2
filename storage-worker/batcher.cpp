// Batches are what makes storing cheap: a row costs microseconds, a commit costs a disk.
#include "storage-worker/batcher.h"

#include <algorithm>
#include <unordered_map>

namespace stampede::worker {
namespace {

/// What a row costs beside its body and headers; only the sum has to be about right.
constexpr std::size_t kRowOverhead = 200;

std::size_t size_of(const Message& message) {
  std::size_t bytes = kRowOverhead + message.body.size();
  for (const MessageHeader& header : message.headers) {
    bytes += header.name.size() + header.value.size();
  }
  return bytes;
}

}  // namespace

void Batcher::add(std::vector<Delivery> deliveries, Clock::Instant now) {
  retag(deliveries);
  for (Delivery& delivery : deliveries) {
    const std::size_t bytes = size_of(*delivery.message);
    bytes_ += bytes;
    waiting_.push_back({std::move(delivery), bytes, now});
  }
}

bool Batcher::ready(Clock::Instant now) const {
  if (waiting_.empty()) return false;
  return waiting_.size() >= limits_.rows || bytes_ >= limits_.bytes || now >= *due();
}

std::optional<Clock::Instant> Batcher::due() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.front().came + limits_.wait;
}

std::vector<MessageFeed::Delivery> Batcher::take() {
  std::vector<Delivery> batch;
  batch.reserve(std::min(waiting_.size(), limits_.rows));
  std::size_t bytes = 0;
  while (!waiting_.empty() && batch.size() < limits_.rows) {
    Item& next = waiting_.front();
    if (!batch.empty() && bytes + next.bytes > limits_.bytes) break;
    bytes += next.bytes;
    batch.push_back(std::move(next.delivery));
    waiting_.pop_front();
  }
  bytes_ -= bytes;
  return batch;
}

void Batcher::retag(std::vector<Delivery>& deliveries) {
  const bool any = std::any_of(deliveries.begin(), deliveries.end(),
                               [](const Delivery& delivery) { return delivery.redelivered; });
  if (!any || waiting_.empty()) return;
  std::unordered_map<MessageId, Delivery*> by_id;
  for (Item& item : waiting_) by_id.emplace(item.delivery.message->id, &item.delivery);
  std::erase_if(deliveries, [&](const Delivery& delivery) {
    if (!delivery.redelivered) return false;
    const auto found = by_id.find(delivery.message->id);
    if (found == by_id.end()) return false;
    found->second->tag = delivery.tag;
    return true;
  });
}

}  // namespace stampede::worker
