#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "gateway/rooms/local_fanout.h"
#include "gateway/rooms/room_registry.h"
#include "shared/base/metrics.h"
#include "shared/base/room_pattern.h"
#include "shared/base/turn_batch.h"
#include "shared/ports/message_bus.h"
#include "shared/ports/message_feed.h"
#include "shared/ports/room_directory.h"

namespace stampede::gateway {

/// The way of a message from a session outwards: sequence, then other gateways and this gateway's
/// own rooms, then storage. One per shard, on its thread. What is published during one turn shares
/// one round trip to the directory and one write to the broker, up to a bound, and keeps its order.
///
/// Messages of store-first rooms go to storage only. The worker that has stored one publishes it to
/// all gateways with members, this one included, and tells this gateway, which answers then.
///
/// What is not chat has no position and is not stored: it goes to other gateways and to this one's
/// rooms at the end of the turn, and so may overtake chat that waits for its position. It is always
/// given to the bus: only the directory knows whether anybody is elsewhere, and asking it costs
/// more than a publish that the broker routes nowhere.
class Publisher {
 public:
  /// The position, once the message is confirmed by the feed; or why it is not. kNoSeq for what has
  /// no position, once it is handed on.
  using Confirmed = std::function<void(Result<Seq>)>;

  struct Options {
    std::vector<RoomPattern> store_first{};
    /// How long a message of those rooms waits for a worker's word; then its outcome is unknown.
    Milliseconds store_first_timeout{30'000};
  };

  Publisher(Executor& on, const Clock& clock, ShardIndex shard, RoomDirectory& directory,
            MessageFeed& feed, MessageBus& bus, LocalFanout& fanout, RoomRegistry& rooms,
            Metrics& metrics, Options options);

  /// What a message of the room becomes that is to be stored.
  [[nodiscard]] MessageKind chat_kind(const RoomName& room) const noexcept;

  /// `message` has no position yet and is not changed by anyone afterwards. `confirmed` runs
  /// posted, once, in the order published as long as the feed confirms in order.
  void publish(MessageRef message, Confirmed confirmed);

  /// What workers say of messages that this gateway gave to storage; everything else among these is
  /// not for it.
  void settle(const std::vector<MessageRef>& words);

  /// Published and not yet answered.
  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }

 private:
  struct Outgoing {
    MessageRef message;
    Confirmed confirmed;
    Clock::Instant since;
  };
  using Batch = std::shared_ptr<std::vector<Outgoing>>;
  /// Who gets what of a batch.
  struct Spread {
    std::vector<MessageRef> storage;
    std::vector<MessageRef> here;
    std::vector<MessageRef> elsewhere;
  };

  void hand_on(const std::vector<Outgoing>& batch);
  void sequence(std::vector<Outgoing> batch);
  void spread(const Batch& batch, const std::vector<Result<Sequenced>>& places);
  void after_writes(Task task);
  /// Gives the message the place it got and says where it goes besides storage.
  void place(Outgoing& one, const Result<Sequenced>& place, Spread& spread);
  void confirm(const Batch& batch, const std::vector<Result<void>>& results);
  void answer(const Outgoing& one, const Result<void>& result);
  /// Answers whoever waits for a worker's word on the message.
  void answer_waiting(const MessageId& id, const Result<void>& result);
  void expire_waiting();
  void watch_waiting();

  Executor& on_;
  const Clock& clock_;
  ShardIndex shard_;
  RoomDirectory& directory_;
  MessageFeed& feed_;
  MessageBus& bus_;
  LocalFanout& fanout_;
  RoomRegistry& rooms_;
  TurnBatch<Outgoing> turn_;
  TurnBatch<Outgoing> live_turn_;
  std::size_t in_flight_ = 0;
  const Options options_;
  /// For a worker's word. A message sent again under its key waits twice.
  std::unordered_multimap<MessageId, Outgoing> waiting_;
  bool expiry_scheduled_ = false;

  Counter published_;
  Counter ephemeral_;
  Counter unsequenced_;
  Counter bypassed_;
  Counter repeated_;
  Counter unconfirmed_;
  Gauge waiting_gauge_;
  Histogram confirm_seconds_;
};

}  // namespace stampede::gateway
