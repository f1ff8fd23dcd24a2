#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "shared/base/metrics.h"
#include "shared/ports/message_feed.h"

namespace stampede::memory {

class MemoryFeed;

/// The queue between the appending and the consuming feeds of one process. It is memory only, so
/// what makes a message durable is its consumer: an append is confirmed when the consumer has acked
/// the message, and fails when it was rejected. Any thread; outlives its feeds.
class MemoryQueue {
 public:
  /// Bounds of what waits for a consumer or for its ack; what is over them is refused.
  struct Limits {
    std::size_t messages = 100'000;
    std::size_t bytes = 64 * 1024 * 1024;  ///< of bodies, headers and names
  };

  MemoryQueue(Limits limits, Metrics& metrics);
  MemoryQueue(const MemoryQueue&) = delete;
  MemoryQueue& operator=(const MemoryQueue&) = delete;

 private:
  friend class MemoryFeed;

  /// One append call: its answer is due when nothing of it is open.
  struct Batch {
    MemoryFeed* producer;  ///< null once that is gone and the answer was given
    Reply<std::vector<Result<void>>> confirmed;
    std::vector<Result<void>> results;
    std::size_t open = 0;
  };
  struct Entry {
    MessageRef message;
    std::shared_ptr<Batch> batch;
    std::size_t index = 0;  ///< into the batch
    bool redelivered = false;
  };
  struct Unacked {
    Entry entry;
    MemoryFeed* consumer;
  };

  // All of these with mutex_ held.
  [[nodiscard]] bool has_room_for(std::size_t bytes) const;
  void dispatch();
  void finish(const Entry& entry, Result<void> result);
  void settle(MemoryFeed& consumer, MessageFeed::DeliveryTag tag, Result<void> result);
  void give_back(MemoryFeed& consumer);
  void forget_producer(MemoryFeed& producer);

  const Limits limits_;
  const Gauge waiting_gauge_;
  const Counter refused_;
  const Counter rejected_;

  std::mutex mutex_;
  std::deque<Entry> waiting_;
  std::map<MessageFeed::DeliveryTag, Unacked> unacked_;
  std::vector<MemoryFeed*> consumers_;  ///< rotated, so that they share
  std::set<std::shared_ptr<Batch>> open_batches_;
  std::size_t bytes_ = 0;
  MessageFeed::DeliveryTag last_tag_ = 0;
};

/// One process' end of a MemoryQueue; may append, consume or both. Destroying it answers its open
/// appends with kCancelled and gives back what it consumed without acking.
class MemoryFeed final : public MessageFeed {
 public:
  explicit MemoryFeed(MemoryQueue& queue) : queue_(queue) {}
  ~MemoryFeed() override;
  MemoryFeed(const MemoryFeed&) = delete;
  MemoryFeed& operator=(const MemoryFeed&) = delete;

  /// kOverloaded: over the queue's limits. kInternal: the consumer rejected the message; the
  /// detail is its reason.
  void append(std::vector<MessageRef> batch, Reply<std::vector<Result<void>>> confirmed) override;
  void consume(std::size_t prefetch, Executor& on, Handler handler) override;
  void ack(std::vector<DeliveryTag> tags) override;
  void reject(std::vector<Rejection> rejections) override;
  void stop_consuming(Reply<Result<void>> stopped) override;

 private:
  friend class MemoryQueue;

  MemoryQueue& queue_;
  // Guarded by the queue's mutex.
  std::size_t prefetch_ = 0;
  std::size_t held_ = 0;  ///< delivered and not acked
  Executor* on_ = nullptr;
  Handler handler_;
};

}  // namespace stampede::memory
