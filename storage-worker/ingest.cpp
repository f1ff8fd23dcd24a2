// The one rule: ack after commit. Everything else here is about speed (batches, two in flight) and
// about keeping what cannot be stored yet.
#include "storage-worker/ingest.h"

#include <algorithm>
#include <map>

namespace stampede::worker {
namespace {

const std::vector<double>& row_bounds() {
  static const std::vector<double> bounds{1, 2, 5, 10, 20, 50, 100, 200, 500, 1'000, 2'000};
  return bounds;
}

/// What its origin is told of a message.
MessageRef word_on(const Message& message, const std::string* refused) {
  auto word = std::make_shared<Message>();
  word->id = message.id;
  word->kind = refused == nullptr ? MessageKind::kStored : MessageKind::kRefused;
  word->room = message.room;
  word->position = message.position;
  word->origin = message.origin;
  if (refused != nullptr) word->body = *refused;
  return word;
}

}  // namespace

Ingest::Counters::Counters(Metrics& metrics)
    : stored(metrics.counter("stampede_worker_stored_total", "Messages committed to the store.")),
      published(metrics.counter("stampede_worker_published_total",
                                "Messages of store-first rooms published once they were stored.")),
      duplicates(metrics.counter("stampede_worker_duplicates_total",
                                 "Deliveries of messages that were stored already.")),
      refused(
          metrics.counter("stampede_worker_refused_total",
                          "Messages that the store refused; they are in the dead-letter queue.")),
      batches(metrics.counter("stampede_worker_batches_total", "Batches stored.")),
      retries(metrics.counter("stampede_worker_retries_total",
                              "Batches given to the store again after it was away.")),
      waiting(metrics.gauge("stampede_worker_waiting_messages",
                            "Messages received and not yet given to the store.")),
      in_flight(metrics.gauge("stampede_worker_batches_in_flight",
                              "Batches given to the store and not yet stored.")),
      rows(metrics.histogram("stampede_worker_batch_rows", "Messages in a batch.", row_bounds())),
      seconds(metrics.histogram("stampede_worker_store_seconds",
                                "From giving a batch to the store to its commit, retries included.",
                                latency_bounds())) {}

Ingest::Ingest(IngestOptions options, Ports ports, Metrics& metrics)
    : options_(options), ports_(ports), counters_(metrics), batcher_(options.batch) {}

template <class Fn>
auto Ingest::guarded(Fn fn) {
  return [alive = std::weak_ptr(alive_), fn = std::move(fn)](auto... args) {
    if (alive.lock()) fn(std::move(args)...);
  };
}

void Ingest::start() {
  ports_.feed.consume(options_.prefetch, ports_.on,
                      guarded([this](std::vector<Delivery> deliveries) {
                        batcher_.add(std::move(deliveries), ports_.clock.now());
                        pump();
                      }));
}

void Ingest::stop(Task done) {
  stopping_ = true;
  done_ = std::move(done);
  ports_.feed.stop_consuming({ports_.on, guarded([this](const Result<void>&) {
                                feed_stopped_ = true;
                                pump();
                              })});
  pump();
}

void Ingest::pump() {
  while (flights_ < options_.batches_in_flight && !batcher_.empty() &&
         (stopping_ || batcher_.ready(ports_.clock.now()))) {
    auto flight = std::make_shared<Flight>();
    flight->deliveries = batcher_.take();
    flight->started = ports_.clock.now();
    ++flights_;
    counters_.rows.observe(static_cast<double>(flight->deliveries.size()));
    append(flight);
  }
  counters_.waiting.set(static_cast<double>(batcher_.size()));
  counters_.in_flight.set(static_cast<double>(flights_));
  if (flights_ < options_.batches_in_flight) arm();
  finish_if_drained();
}

/// Comes back when the oldest waiting message makes its batch due.
void Ingest::arm() {
  const auto due = batcher_.due();
  if (!due || timer_armed_) return;
  timer_armed_ = true;
  ports_.on.post_after(std::chrono::ceil<Microseconds>(*due - ports_.clock.now()), guarded([this] {
                         timer_armed_ = false;
                         pump();
                       }));
}

void Ingest::append(const FlightRef& flight) {
  std::vector<MessageRef> messages;
  messages.reserve(flight->deliveries.size());
  for (const Delivery& delivery : flight->deliveries) messages.push_back(delivery.message);
  ports_.store.append(std::move(messages),
                      {ports_.on, guarded([this, flight](Result<AppendOutcome> result) {
                         on_stored(flight, std::move(result));
                       })});
}

void Ingest::on_stored(const FlightRef& flight, Result<AppendOutcome> result) {
  if (!result) return retry(flight, result.error());
  if (store_away_) log_info("store takes messages again");
  store_away_ = false;
  settle(*flight, *result);
  --flights_;
  pump();
}

void Ingest::settle(const Flight& flight, const AppendOutcome& outcome) {
  std::vector<MessageFeed::Rejection> rejections;
  std::vector<bool> is_refused(flight.deliveries.size(), false);
  for (const AppendOutcome::Refused& refused : outcome.refused) {
    const Delivery& delivery = flight.deliveries[refused.index];
    is_refused[refused.index] = true;
    rejections.push_back({delivery.tag, refused.reason});
    note_refused(*delivery.message, refused.reason);
  }
  std::vector<MessageFeed::DeliveryTag> tags;
  tags.reserve(flight.deliveries.size());
  for (std::size_t i = 0; i < flight.deliveries.size(); ++i) {
    if (!is_refused[i]) tags.push_back(flight.deliveries[i].tag);
  }
  counters_.stored.add(static_cast<double>(outcome.inserted + outcome.moved));
  counters_.duplicates.add(static_cast<double>(outcome.duplicates));
  counters_.refused.add(static_cast<double>(outcome.refused.size()));
  counters_.batches.add();
  counters_.seconds.observe(
      std::chrono::duration<double>(ports_.clock.now() - flight.started).count());
  announce(flight, outcome);
  if (!tags.empty()) ports_.feed.ack(std::move(tags));
  if (!rejections.empty()) ports_.feed.reject(std::move(rejections));
}

void Ingest::announce(const Flight& flight, const AppendOutcome& outcome) {
  std::map<std::size_t, const std::string*> refused;
  for (const AppendOutcome::Refused& one : outcome.refused) refused[one.index] = &one.reason;
  std::vector<MessageRef> stored;
  std::map<GatewayId, std::vector<MessageRef>> words;
  for (std::size_t i = 0; i < flight.deliveries.size(); ++i) {
    const MessageRef& message = flight.deliveries[i].message;
    if (message->kind != MessageKind::kStoreFirst) continue;
    const auto why = refused.find(i);
    words[message->origin].push_back(
        word_on(*message, why == refused.end() ? nullptr : why->second));
    if (why == refused.end()) stored.push_back(message);
  }
  if (words.empty()) return;
  counters_.published.add(static_cast<double>(stored.size()));
  if (!stored.empty()) ports_.bus.publish(std::move(stored));
  for (auto& [origin, messages] : words) ports_.bus.send(origin, std::move(messages));
}

void Ingest::note_refused(const Message& message, const std::string& reason) {
  const auto held_back = refusals_log_.admit(ports_.clock.now());
  if (held_back < 0) return;
  log_error("message refused by the store", {{"id", to_string(message.id)},
                                             {"room", message.room.str()},
                                             {"reason", reason},
                                             {"not_logged_before", held_back}});
}

/// The batch keeps its place in flight, so that while the store is away no more than the feed's
/// prefetch is held.
void Ingest::retry(const FlightRef& flight, const Error& why) {
  if (!store_away_) {
    log_warn("store takes no messages; keeping them",
             {{"reason", why.detail}, {"messages", flight->deliveries.size()}});
  }
  store_away_ = true;
  counters_.retries.add();
  const auto ceiling = std::min(options_.first_backoff * (1u << std::min(flight->failures, 16u)),
                                options_.longest_backoff);
  ++flight->failures;
  std::uniform_int_distribution<Milliseconds::rep> jitter(ceiling.count() / 2, ceiling.count());
  ports_.on.post_after(Milliseconds(jitter(random_)), guarded([this, flight] { append(flight); }));
}

void Ingest::finish_if_drained() {
  if (!feed_stopped_ || !batcher_.empty() || flights_ > 0 || !done_) return;
  ports_.on.post(std::exchange(done_, nullptr));
}

}  // namespace stampede::worker
