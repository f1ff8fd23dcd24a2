#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

#include "gateway/rooms/audience.h"
#include "gateway/rooms/backlog.h"
#include "gateway/rooms/replay.h"
#include "gateway/rooms/room_ring.h"

namespace stampede::gateway {

/// The subscriptions of one room that still get messages of before: from the ring as far as it
/// goes back, from a lookup for what is older, until they have what the room has delivered and can
/// join its audience. None takes more at once than its client takes away. Pure: its owner makes the
/// lookups and gives the turns. One thread.
class CatchUp {
 public:
  struct Options {
    std::size_t limit = 10'000;    ///< messages replayed to one subscription
    Milliseconds patience{2'000};  ///< how long a lookup that left a gap is repeated
    Milliseconds pause{200};       ///< before it is repeated
    Milliseconds stall{30'000};    ///< a client that takes nothing for so long has lost its replay
  };
  /// A subscription that leaves the catching up.
  struct Done {
    SessionId session;
    Subscriber* subscriber;
    Live live;  ///< empty when it was told before
    Result<Started> outcome;
    bool joins;  ///< the audience; otherwise it is ahead of the room and stays here
  };
  /// Messages without a position that are kept for one until the end of its replay.
  static constexpr std::size_t kMostUnsequenced = 1'000;
  /// Messages delivered in one turn to all together, and to one.
  static constexpr std::size_t kTurn = 20'000;
  static constexpr std::size_t kVisit = 200;

  explicit CatchUp(Options options) : options_(options) {}

  /// `last`: the room's last delivered position.
  void add(const SessionId& session, Subscriber& subscriber, const Replay& replay, Live live,
           Seq last, Clock::Instant now);
  /// False when it is not here.
  bool remove(const Subscriber& subscriber);
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

  /// Delivers what may go and takes out who has everything. `ring` ends with `last`.
  std::vector<Done> turn(const RoomRing& ring, Seq last, Clock::Instant now);
  /// A message without a position goes to whoever is live already, and what is not chat only to
  /// those who have room for it. Chat is kept for the others, up to a bound, as the end of their
  /// replay: neither ring nor recent list will have it.
  std::size_t deliver_unsequenced(const MessageRef& message);

  /// Presence goes to those who watch it, live or not: what they know of it is as of their begin.
  std::size_t deliver_to_watchers(const MessageRef& message);

  /// What somebody waits for, unless a lookup is under way; give it to `on_found` then.
  std::optional<Backlog::Query> next_lookup(const RoomName& room, Clock::Instant now);
  void on_found(const Backlog::FoundRef& found, const RoomRing& ring, Clock::Instant now);

  /// When there is something to do without news from elsewhere.
  enum class Again { kNo, kAtOnce, kSoon };
  [[nodiscard]] Again again() const noexcept { return again_; }

  /// Messages replayed since the last call, by where they were found.
  struct Counts {
    std::size_t ring = 0;
    std::size_t recent = 0;
    std::size_t history = 0;
  };
  Counts take_counts() { return std::exchange(counts_, {}); }

 private:
  struct Entry {
    SessionId session;
    Subscriber* subscriber = nullptr;
    Replay replay;
    Live live;
    std::optional<Seq> cursor;  ///< everything up to it is done; empty: not known yet
    bool ask_first = false;     ///< the room knows less than the client
    bool waits = false;         ///< for a lookup
    bool told = false;          ///< live, but ahead of the room
    bool recovered = true;
    bool gap_untold = false;  ///< it was live already when something turned out to be lost
    Seq oldest = kNoSeq;
    std::vector<MessageRef> unsequenced;          ///< came during the replay
    Clock::Instant not_before{};                  ///< of the next lookup
    std::optional<Clock::Instant> failing_since;  ///< lookups leave a gap
    Clock::Instant moved{};
    Backlog::FoundRef found;
  };
  enum class Step { kDone, kWaits, kFull, kMore };

  Step visit(Entry& entry, const RoomRing& ring, Seq last, Clock::Instant now);
  bool place(Entry& entry, const RoomRing& ring, Seq last);
  template <class Iterator>
  std::size_t send(Entry& entry, Iterator next, Iterator end, Clock::Instant now);
  void give(Entry& entry, const MessageRef& message);
  [[nodiscard]] bool give_unsequenced(Entry& entry, Clock::Instant now);
  static void keep_unsequenced(Entry& entry, const MessageRef& message);
  void use(Entry& entry, const Backlog::FoundRef& found, const RoomRing& ring, Clock::Instant now);
  /// Whether a lookup that left a gap is to be repeated; says when.
  bool repeats(Entry& entry, Clock::Instant now) const;

  /// Messages as a replay shows them, encoded once for all of a turn who see the same.
  struct Shown {
    MessageRef original;  ///< alive as long as its address is a key
    MessageRef message;
    std::vector<std::pair<const Subscriber*, Slice>> frames;
  };

  Options options_;
  std::vector<Entry> entries_;
  std::size_t next_ = 0;  ///< whose turn it is first
  bool looking_ = false;
  Again again_ = Again::kNo;
  Counts counts_;
  std::unordered_map<const Message*, Shown> shown_;  ///< during a turn
};

}  // namespace stampede::gateway
