// The one place where a message leaves its session. Other gateways are told first, because theirs
// is the longer way; then the members here, and behind the writes to them comes storage: whatever
// takes the message there would otherwise want the core that is writing to members.
#include "gateway/rooms/publisher.h"

#include <algorithm>
#include <utility>

namespace stampede::gateway {
namespace {

/// How late a time-out may be.
constexpr Milliseconds kExpiryTick{500};

/// Of the messages that go on together. Members are written to before the next ones, so a burst of
/// thousands does not by itself fill what may wait for one (--outbox-bytes, by default sixteen
/// times this).
constexpr std::size_t kMostBytesOfATurn = 256UL * 1024;
/// Of a message as its members get it, beside its body; about.
constexpr std::size_t kFrameBytes = 256;

}  // namespace

Publisher::Publisher(Executor& on, const Clock& clock, ShardIndex shard, RoomDirectory& directory,
                     MessageFeed& feed, MessageBus& bus, LocalFanout& fanout, RoomRegistry& rooms,
                     Metrics& metrics, Options options)
    : on_(on),
      clock_(clock),
      shard_(shard),
      directory_(directory),
      feed_(feed),
      bus_(bus),
      fanout_(fanout),
      rooms_(rooms),
      turn_(on, [this](std::vector<Outgoing> batch) { sequence(std::move(batch)); },
            {kMostBytesOfATurn,
             [](const Outgoing& one) { return kFrameBytes + one.message->body.size(); }}),
      live_turn_(on, [this](const std::vector<Outgoing>& batch) { hand_on(batch); }),
      options_(std::move(options)),
      published_(metrics.counter("stampede_gateway_published_total",
                                 "Messages that clients of this gateway sent to rooms.")),
      ephemeral_(metrics.counter("stampede_gateway_ephemeral_total",
                                 "Ephemeral messages that clients of this gateway sent.")),
      unsequenced_(metrics.counter("stampede_gateway_unsequenced_total",
                                   "Messages sent on without a position: no directory.")),
      bypassed_(metrics.counter("stampede_gateway_bypassed_total",
                                "Messages not published to the bus: no member elsewhere.")),
      repeated_(metrics.counter("stampede_gateway_repeated_total",
                                "Messages sent again under a message-key that was seen before.")),
      unconfirmed_(metrics.counter("stampede_gateway_unconfirmed_total",
                                   "Messages that the storage path did not confirm.")),
      waiting_gauge_(metrics.gauge("stampede_gateway_store_first_waiting",
                                   "Messages that wait for a worker's word that they are stored.")),
      confirm_seconds_(metrics.histogram("stampede_gateway_confirm_seconds",
                                         "From SEND to the storage path's confirm.",
                                         latency_bounds())) {}

void Publisher::publish(MessageRef message, Confirmed confirmed) {
  ++in_flight_;
  auto& turn = is_chat(*message) ? turn_ : live_turn_;
  turn.add({std::move(message), std::move(confirmed), clock_.now()});
}

void Publisher::hand_on(const std::vector<Outgoing>& batch) {
  ephemeral_.add(static_cast<double>(batch.size()));
  std::vector<MessageRef> messages;
  messages.reserve(batch.size());
  for (const Outgoing& one : batch) messages.push_back(one.message);
  bus_.publish(messages);
  fanout_.deliver(messages, shard_);
  rooms_.deliver(std::move(messages));
  in_flight_ -= batch.size();
  for (const Outgoing& one : batch) one.confirmed(kNoSeq);
}

void Publisher::sequence(std::vector<Outgoing> outgoing) {
  published_.add(static_cast<double>(outgoing.size()));
  std::vector<SequenceRequest> requests;
  requests.reserve(outgoing.size());
  for (const Outgoing& one : outgoing) {
    requests.push_back({one.message, rooms_.highest(one.message->room)});
  }
  auto batch = std::make_shared<std::vector<Outgoing>>(std::move(outgoing));
  directory_.sequence(std::move(requests),
                      Reply<std::vector<Result<Sequenced>>>(
                          on_, [this, batch](const std::vector<Result<Sequenced>>& places) {
                            spread(batch, places);
                          }));
}

void Publisher::spread(const Batch& batch, const std::vector<Result<Sequenced>>& places) {
  Spread spread;
  spread.storage.reserve(batch->size());
  for (std::size_t i = 0; i < batch->size(); ++i) place((*batch)[i], places[i], spread);
  after_writes([this, batch, storage = std::move(spread.storage)]() mutable {
    feed_.append(std::move(storage),
                 Reply<std::vector<Result<void>>>(
                     on_, [this, batch](const std::vector<Result<void>>& results) {
                       confirm(batch, results);
                     }));
  });
  if (!spread.elsewhere.empty()) bus_.publish(std::move(spread.elsewhere));
  fanout_.deliver(spread.here, shard_);
  rooms_.deliver(std::move(spread.here));
}

/// The writes that this turn queues come at its end, and so before what is posted in the next.
void Publisher::after_writes(Task task) {
  on_.post([this, task = std::move(task)]() mutable { on_.post(std::move(task)); });
}

void Publisher::place(Outgoing& one, const Result<Sequenced>& place, Spread& spread) {
  // Without the directory chat goes on: no position, and nobody is left out.
  const Sequenced got = place ? *place : Sequenced{};
  if (got.position.seq == kNoSeq) unsequenced_.add();
  auto message = std::make_shared<Message>(*one.message);
  message->position = got.position;
  if (got.duplicate) {
    // The room has the first one. Storage may not: its gateway may have died before the confirm. So
    // the repeat is stored as the first, which changes nothing where that is there already.
    message->id = got.id;
    repeated_.add();
  }
  one.message = std::move(message);
  spread.storage.push_back(one.message);
  if (one.message->kind == MessageKind::kStoreFirst) {
    // Before the feed has it: the worker may be quicker than the broker's confirm.
    waiting_.emplace(one.message->id, one);
    waiting_gauge_.add(1);
    watch_waiting();
    return;
  }
  if (got.duplicate) return;
  spread.here.push_back(one.message);
  if (got.remote) {
    spread.elsewhere.push_back(one.message);
  } else {
    bypassed_.add();
  }
}

void Publisher::confirm(const Batch& batch, const std::vector<Result<void>>& results) {
  for (std::size_t i = 0; i < batch->size(); ++i) {
    const Outgoing& one = (*batch)[i];
    if (one.message->kind != MessageKind::kStoreFirst) {
      answer(one, results[i]);
    } else if (!results[i]) {
      answer_waiting(one.message->id, results[i]);
    }
  }
}

void Publisher::answer(const Outgoing& one, const Result<void>& result) {
  --in_flight_;
  confirm_seconds_.observe(std::chrono::duration<double>(clock_.now() - one.since).count());
  if (result) {
    one.confirmed(one.message->position.seq);
  } else {
    unconfirmed_.add();
    one.confirmed(result.error());
  }
}

MessageKind Publisher::chat_kind(const RoomName& room) const noexcept {
  return any_matches(options_.store_first, room.str()) ? MessageKind::kStoreFirst
                                                       : MessageKind::kChat;
}

void Publisher::settle(const std::vector<MessageRef>& words) {
  for (const MessageRef& word : words) {
    if (word->kind == MessageKind::kStored) answer_waiting(word->id, {});
    if (word->kind == MessageKind::kRefused) {
      answer_waiting(word->id,
                     Error(Errc::kInvalidArgument, "the store refused it: " + word->body));
    }
  }
}

void Publisher::answer_waiting(const MessageId& id, const Result<void>& result) {
  // Taken out first: who is answered may publish again.
  std::vector<Outgoing> answered;
  const auto [first, last] = waiting_.equal_range(id);
  for (auto entry = first; entry != last; ++entry) answered.push_back(std::move(entry->second));
  waiting_.erase(first, last);
  waiting_gauge_.add(-static_cast<double>(answered.size()));
  for (const Outgoing& one : answered) answer(one, result);
}

/// The room has the message, or will have it: only its sender waits no longer.
void Publisher::expire_waiting() {
  expiry_scheduled_ = false;
  std::vector<MessageId> late;
  for (const auto& [id, one] : waiting_) {
    if (clock_.now() - one.since >= options_.store_first_timeout) late.push_back(id);
  }
  const Error error(Errc::kTimeout, "it was not stored within " +
                                        std::to_string(options_.store_first_timeout.count()) +
                                        " ms, and may be later");
  for (const MessageId& id : late) answer_waiting(id, error);
  if (!waiting_.empty()) watch_waiting();
}

void Publisher::watch_waiting() {
  if (std::exchange(expiry_scheduled_, true)) return;
  on_.post_after(std::min(kExpiryTick, options_.store_first_timeout), [this] { expire_waiting(); });
}

}  // namespace stampede::gateway
