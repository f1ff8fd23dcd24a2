#pragma once

#include <memory>
#include <random>
#include <vector>

#include "shared/base/clock.h"
#include "shared/base/executor.h"
#include "shared/base/log.h"
#include "shared/base/metrics.h"
#include "shared/ports/message_bus.h"
#include "shared/ports/message_feed.h"
#include "shared/ports/message_store.h"
#include "storage-worker/batcher.h"

namespace stampede::worker {

struct IngestOptions {
  BatchLimits batch;
  /// Batches given to the store and not answered: while one is being committed the next is sent.
  std::size_t batches_in_flight = 2;
  std::size_t prefetch = 4'000;  ///< bounds what is in memory while the store is away
  Milliseconds first_backoff{100};
  Milliseconds longest_backoff{5'000};
};

/// Moves messages from a feed to a store: batch, append, and only then ack. A message is acked when
/// it is committed, rejected when the store refuses it for good, and otherwise kept: a batch that
/// the store could not take is given again, with growing pauses, until it can.
///
/// Messages of store-first rooms are published once they are committed, and their origins are told;
/// the ack comes after that, so that another worker does it again should this one die in between.
///
/// Everything runs on the thread of `on`. What the constructor is handed outlives the ingest; it
/// may be destroyed at any time on that thread, or while it does not run; what is unacked then is
/// delivered again to another.
class Ingest {
 public:
  struct Ports {
    MessageFeed& feed;
    MessageStore& store;
    MessageBus& bus;
    Executor& on;
    const Clock& clock;
  };

  Ingest(IngestOptions options, Ports ports, Metrics& metrics);
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;

  /// Once: starts to consume.
  void start();
  /// Once: takes no more deliveries, stores and acks what it has, then runs `done`. While the store
  /// is away that may take for ever; the owner decides how long to wait.
  void stop(Task done);

 private:
  using Delivery = MessageFeed::Delivery;

  /// One batch on its way to the store.
  struct Flight {
    std::vector<Delivery> deliveries;
    Clock::Instant started;
    unsigned failures = 0;
  };
  using FlightRef = std::shared_ptr<Flight>;

  struct Counters {
    explicit Counters(Metrics& metrics);
    Counter stored, published, duplicates, refused, batches, retries;
    Gauge waiting, in_flight;
    Histogram rows, seconds;
  };

  void pump();
  void arm();
  void append(const FlightRef& flight);
  void on_stored(const FlightRef& flight, Result<AppendOutcome> result);
  void settle(const Flight& flight, const AppendOutcome& outcome);
  /// Publishes what of the batch waits for that, and tells the origins what became of theirs.
  void announce(const Flight& flight, const AppendOutcome& outcome);
  void note_refused(const Message& message, const std::string& reason);
  void retry(const FlightRef& flight, const Error& why);
  void finish_if_drained();
  /// `fn`, unless the ingest is gone by then.
  template <class Fn>
  auto guarded(Fn fn);

  const IngestOptions options_;
  const Ports ports_;
  const Counters counters_;
  Batcher batcher_;
  std::size_t flights_ = 0;
  bool timer_armed_ = false;
  bool store_away_ = false;
  bool stopping_ = false;
  bool feed_stopped_ = false;
  Task done_;
  LogLimiter refusals_log_{Seconds(1)};
  std::minstd_rand random_{std::random_device{}()};
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace stampede::worker
