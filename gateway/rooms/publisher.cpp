// The one place where a message leaves its session. Storage comes first, so that its confirm is
// under way while members are being written to.
#include "gateway/rooms/publisher.h"

namespace stampede::gateway {

Publisher::Publisher(Executor& on, const Clock& clock, ShardIndex shard, RoomDirectory& directory,
                     MessageFeed& feed, MessageBus& bus, LocalFanout& fanout, RoomRegistry& rooms,
                     Metrics& metrics)
    : on_(on),
      clock_(clock),
      shard_(shard),
      directory_(directory),
      feed_(feed),
      bus_(bus),
      fanout_(fanout),
      rooms_(rooms),
      turn_(on, [this](std::vector<Outgoing> batch) { sequence(std::move(batch)); }),
      live_turn_(on, [this](const std::vector<Outgoing>& batch) { hand_on(batch); }),
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
  feed_.append(std::move(spread.storage),
               Reply<std::vector<Result<void>>>(
                   on_, [this, batch](const std::vector<Result<void>>& results) {
                     confirm(batch, results);
                   }));
  if (!spread.elsewhere.empty()) bus_.publish(std::move(spread.elsewhere));
  fanout_.deliver(spread.here, shard_);
  rooms_.deliver(std::move(spread.here));
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
  if (got.duplicate) return;
  spread.here.push_back(one.message);
  if (got.remote) {
    spread.elsewhere.push_back(one.message);
  } else {
    bypassed_.add();
  }
}

void Publisher::confirm(const Batch& batch, const std::vector<Result<void>>& results) {
  const auto now = clock_.now();
  in_flight_ -= batch->size();
  for (std::size_t i = 0; i < batch->size(); ++i) {
    const Outgoing& one = (*batch)[i];
    confirm_seconds_.observe(std::chrono::duration<double>(now - one.since).count());
    if (results[i]) {
      one.confirmed(one.message->position.seq);
    } else {
      unconfirmed_.add();
      one.confirmed(results[i].error());
    }
  }
}

}  // namespace stampede::gateway
