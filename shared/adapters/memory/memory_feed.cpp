// Nothing here survives a crash, so a confirm must wait for the consumer's ack: in the embedded
// mode that is the SQLite commit, and "nothing acknowledged may be lost" holds without a broker.
#include "shared/adapters/memory/memory_feed.h"

#include <algorithm>
#include <utility>

#include "shared/base/log.h"

namespace stampede::memory {
namespace {

std::size_t size_of(const Message& message) {
  std::size_t bytes = sizeof(Message) + message.room.str().size() + message.sender.str().size() +
                      message.key.size() + message.content_type.size() + message.body.size();
  for (const MessageHeader& header : message.headers) {
    bytes += header.name.size() + header.value.size();
  }
  return bytes;
}

}  // namespace

MemoryQueue::MemoryQueue(Limits limits, Metrics& metrics)
    : limits_(limits),
      waiting_gauge_(metrics.gauge("stampede_memory_feed_waiting_messages",
                                   "Messages appended in process and not yet stored.")),
      refused_(metrics.counter("stampede_memory_feed_refused_total",
                               "Messages refused because too many wait to be stored.")),
      rejected_(metrics.counter("stampede_memory_feed_rejected_total",
                                "Messages that the store refused for good.")) {}

bool MemoryQueue::has_room_for(std::size_t bytes) const {
  return waiting_.size() + unacked_.size() < limits_.messages && bytes_ + bytes <= limits_.bytes;
}

void MemoryQueue::dispatch() {
  bool gave = true;
  while (gave && !waiting_.empty()) {
    gave = false;
    // Over a copy of the list: each gets its share, the first of this round is the last of the
    // next.
    for (MemoryFeed* consumer : std::vector(consumers_)) {
      std::vector<MessageFeed::Delivery> batch;
      while (!waiting_.empty() && consumer->held_ < consumer->prefetch_) {
        Entry entry = std::move(waiting_.front());
        waiting_.pop_front();
        batch.push_back({++last_tag_, entry.message, entry.redelivered});
        unacked_.emplace(last_tag_, Unacked{std::move(entry), consumer});
        ++consumer->held_;
      }
      if (batch.empty()) continue;
      gave = true;
      std::rotate(consumers_.begin(), consumers_.begin() + 1, consumers_.end());
      consumer->on_->post([handler = consumer->handler_, batch = std::move(batch)]() mutable {
        handler(std::move(batch));
      });
    }
  }
  waiting_gauge_.set(static_cast<double>(waiting_.size() + unacked_.size()));
}

void MemoryQueue::finish(const Entry& entry, Result<void> result) {
  bytes_ -= size_of(*entry.message);
  Batch& batch = *entry.batch;
  batch.results[entry.index] = std::move(result);
  if (--batch.open > 0 || batch.producer == nullptr) return;
  batch.confirmed(std::move(batch.results));
  open_batches_.erase(entry.batch);
}

void MemoryQueue::settle(MemoryFeed& consumer, MessageFeed::DeliveryTag tag, Result<void> result) {
  const auto found = unacked_.find(tag);
  if (found == unacked_.end() || found->second.consumer != &consumer) return;
  --consumer.held_;
  finish(found->second.entry, std::move(result));
  unacked_.erase(found);
}

void MemoryQueue::give_back(MemoryFeed& consumer) {
  std::erase(consumers_, &consumer);
  for (auto at = unacked_.end(); at != unacked_.begin();) {
    --at;
    if (at->second.consumer != &consumer) continue;
    waiting_.push_front(std::move(at->second.entry));
    waiting_.front().redelivered = true;
    at = unacked_.erase(at);
  }
}

void MemoryQueue::forget_producer(MemoryFeed& producer) {
  for (auto at = open_batches_.begin(); at != open_batches_.end();) {
    Batch& batch = **at;
    if (batch.producer != &producer) {
      ++at;
      continue;
    }
    batch.producer = nullptr;
    batch.confirmed(std::vector<Result<void>>(
        batch.results.size(), Error(Errc::kCancelled, "the storage feed is shutting down")));
    at = open_batches_.erase(at);
  }
}

MemoryFeed::~MemoryFeed() {
  const std::lock_guard lock(queue_.mutex_);
  queue_.forget_producer(*this);
  queue_.give_back(*this);
  queue_.dispatch();
}

void MemoryFeed::append(std::vector<MessageRef> batch, Reply<std::vector<Result<void>>> confirmed) {
  const std::lock_guard lock(queue_.mutex_);
  auto pending = std::make_shared<MemoryQueue::Batch>(
      MemoryQueue::Batch{this, std::move(confirmed), std::vector<Result<void>>(batch.size()), 0});
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (auto stored = check_stored_kind(*batch[i]); !stored) {
      pending->results[i] = std::move(stored);
      continue;
    }
    const std::size_t bytes = size_of(*batch[i]);
    if (!queue_.has_room_for(bytes)) {
      queue_.refused_.add();
      pending->results[i] = Error(
          Errc::kOverloaded, "storage is behind: at most " +
                                 std::to_string(queue_.limits_.messages) + " messages and " +
                                 std::to_string(queue_.limits_.bytes) + " bytes may wait for it");
      continue;
    }
    queue_.bytes_ += bytes;
    ++pending->open;
    queue_.waiting_.push_back({std::move(batch[i]), pending, i, false});
  }
  if (pending->open == 0) {
    pending->confirmed(std::move(pending->results));
    return;
  }
  queue_.open_batches_.insert(std::move(pending));
  queue_.dispatch();
}

void MemoryFeed::consume(std::size_t prefetch, Executor& on, Handler handler) {
  const std::lock_guard lock(queue_.mutex_);
  prefetch_ = std::max<std::size_t>(prefetch, 1);
  on_ = &on;
  handler_ = std::move(handler);
  queue_.consumers_.push_back(this);
  queue_.dispatch();
}

void MemoryFeed::ack(std::vector<DeliveryTag> tags) {
  const std::lock_guard lock(queue_.mutex_);
  for (const DeliveryTag tag : tags) queue_.settle(*this, tag, Result<void>());
  queue_.dispatch();
}

void MemoryFeed::reject(std::vector<Rejection> rejections) {
  for (const Rejection& rejection : rejections) {
    log_error("message refused by the store", {{"reason", rejection.reason}});
  }
  const std::lock_guard lock(queue_.mutex_);
  for (const Rejection& rejection : rejections) {
    queue_.rejected_.add();
    queue_.settle(*this, rejection.tag,
                  Error(Errc::kInternal, "the store refused the message: " + rejection.reason));
  }
  queue_.dispatch();
}

void MemoryFeed::stop_consuming(Reply<Result<void>> stopped) {
  const std::lock_guard lock(queue_.mutex_);
  std::erase(queue_.consumers_, this);
  if (on_ == nullptr) {
    stopped(Result<void>());
    return;
  }
  // Through the consumer's executor: behind the deliveries that were posted there before.
  on_->post([stopped = std::move(stopped)] { stopped(Result<void>()); });
}

}  // namespace stampede::memory
