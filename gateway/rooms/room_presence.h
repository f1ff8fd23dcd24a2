#pragma once

#include <optional>
#include <vector>

#include "gateway/rooms/room_order.h"

namespace stampede::gateway {

/// What the watchers of one room on one shard are told of its users, in the order of the changes.
/// Several gateways announce, so events come out of order and may be missing; then the room is
/// `stale` and its owner asks for the users anew. Pure. One thread.
class RoomPresence {
 public:
  struct Options {
    Milliseconds reorder_window{50};     ///< how long an early event waits for those before it
    Milliseconds count_interval{1'000};  ///< between two numbers
  };
  using Events = std::vector<MessageRef>;

  explicit RoomPresence(Options options) : options_(options) {}

  /// The users as of `version` have been found, and the watchers know them: `listed`, or only how
  /// many. Before the first time every event is held. Stays stale when they had been told more.
  void open(Seq version, bool listed, Clock::Instant now, Events& out);
  [[nodiscard]] bool is_open() const noexcept { return order_.is_open(); }

  /// An event has arrived. What the watchers are to be told is appended to `out`, here as below.
  void offer(MessageRef event, Clock::Instant now, Events& out);
  /// Time has passed.
  void tick(Clock::Instant now, Events& out);
  /// When `tick` has something to do; nullopt: not before another event.
  [[nodiscard]] std::optional<Clock::Instant> next_tick() const noexcept;

  /// The directory's version. When it is ahead, something is missing unless the events come; when
  /// it is behind for good, the directory lost its memory and counts anew from a lower number.
  void expect(Seq version, Clock::Instant now) noexcept;

  /// The watchers need the users anew, until `open`.
  [[nodiscard]] bool stale() const noexcept { return stale_; }
  void set_stale() noexcept { stale_ = true; }
  [[nodiscard]] Seq version() const noexcept { return order_.last(); }

 private:
  void tell(const Events& events, Clock::Instant now, Events& out);
  [[nodiscard]] bool went_back(Seq version) noexcept;
  [[nodiscard]] std::optional<Clock::Instant> behind_since() const noexcept;

  Options options_;
  RoomOrder order_;
  bool stale_ = false;
  bool counting_ = false;  ///< the watchers know how many users there are, but not who
  MessageRef count_;       ///< told when its time has come
  Clock::Instant next_count_{};
  Seq overtaken_ = kNoSeq;  ///< where we were when the directory last told less; kNoSeq: it did not
  Seq target_ = kNoSeq;
  Clock::Instant target_since_{};
};

}  // namespace stampede::gateway
