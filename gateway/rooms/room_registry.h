#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "gateway/rooms/audience.h"
#include "gateway/rooms/backlog.h"
#include "gateway/rooms/catch_up.h"
#include "gateway/rooms/dispatcher.h"
#include "gateway/rooms/local_fanout.h"
#include "gateway/rooms/replay.h"
#include "gateway/rooms/room_order.h"
#include "gateway/rooms/room_presence.h"
#include "gateway/rooms/room_ring.h"
#include "shared/base/metrics.h"
#include "shared/base/room_pattern.h"
#include "shared/base/turn_runs.h"
#include "shared/ports/presence.h"
#include "shared/ports/room_directory.h"

namespace stampede::gateway {

/// The rooms that have members on one shard: brings them up (bind, then enter the directory),
/// delivers to them in order, heals gaps, replays what a client missed, tells who else is there,
/// and lets them go. On its shard's thread. The membership is in room_registry.cpp, what is about
/// missing messages in room_healing.cpp, replays in room_replay.cpp, presence in room_watching.cpp.
///
/// A room is live in this order: (1) bound, so that what is published arrives; (2) entered, which
/// gives the position S. Everything sequenced after S arrives; everything up to S is history.
class RoomRegistry {
 public:
  struct Options {
    Milliseconds reorder_window{50};  ///< how long an early message waits before its gap is healed
    /// Without the room getting any further; then a gap is delivered around.
    Milliseconds heal_timeout{2'000};
    std::vector<RoomPattern> store_first{};     ///< rooms whose messages come once stored
    Milliseconds store_first_patience{30'000};  ///< heal_timeout of these: storing may take so long
    Milliseconds heal_pause{200};               ///< between two lookups for one gap
    std::size_t heal_limit = 10'000;            ///< messages fetched at once to heal a gap
    Milliseconds check_interval{5'000};         ///< between comparisons with the directory
    std::size_t check_rooms = 2'000;            ///< compared at once; the others' turn comes next
    std::size_t rebind_after = 3;               ///< comparisons in a row that found the room behind
    Milliseconds replay_pause{20};  ///< before a client that was full is looked at again
    /// How long a member whose connection has ended stays one; an UNSUBSCRIBE takes effect at once.
    Milliseconds presence_grace{10'000};
    std::size_t most_leaving = 50'000;  ///< members in their grace; over it the oldest leaves
    std::size_t most_listed = 100;  ///< users who are named to those who watch; else their number
    /// Users that the room may hold; 0: any number. Empty: no room has a limit.
    std::function<std::size_t(const RoomName&)> capacity{};
    RoomPresence::Options presence;
    Milliseconds presence_pause{1'000};  ///< between two times that all watchers get the users anew
    RoomRing::Limits ring;
    CatchUp::Options replay;
  };

  /// Attaches itself to `fanout`. The registry outlives every task of `on`.
  RoomRegistry(Executor& on, const Clock& clock, Options options, RoomDirectory& directory,
               Presence& presence, Backlog& backlog, Dispatcher& dispatcher, LocalFanout& fanout,
               Metrics& metrics);

  [[nodiscard]] ShardIndex shard() const noexcept { return shard_; }

  /// `live` runs posted, after what `replay` asks for and before the first live message, unless
  /// `unsubscribe` comes first. `subscriber` must be unsubscribed before it is destroyed.
  void subscribe(Member member, Subscriber& subscriber, Live live, Replay replay = {});
  /// `how`: whether the session leaves the room with its last subscription at once, or may be back
  /// under another name within the grace.
  enum class Leaving { kAtOnce, kWithGrace };
  void unsubscribe(const RoomName& room, const SessionId& session, Subscriber& subscriber,
                   Leaving how);

  /// Messages for this shard, in the order they came; those of rooms without members are dropped.
  void deliver(std::vector<MessageRef> batch);

  /// The highest position seen in the room, or kNoSeq.
  [[nodiscard]] Seq highest(const RoomName& room) const;

 private:
  /// A subscription that is not live yet.
  struct Pending {
    Member member;
    Subscriber* subscriber;
    Live live;
    Replay replay;
    std::optional<Seq> entered;    ///< the room's position; waits for the room's users now
    std::uint64_t entered_at = 0;  ///< users asked for after it know of this one
  };
  /// What is only there while somebody watches presence.
  struct Watching {
    explicit Watching(RoomPresence::Options options) : presence(options) {}

    RoomPresence presence;
    std::size_t watchers = 0;
    std::uint64_t asked = 0;  ///< when the users were asked for; 0: they are not being asked for
    bool refresh_scheduled = false;
    bool tick_scheduled = false;
    Clock::Instant refresh_not_before{};
  };
  struct Room {
    explicit Room(RoomRing::Limits limits) : ring(limits) {}

    std::uint64_t id = 0;  ///< tells a room from an earlier one of the same name
    bool bound = false;
    bool heal_scheduled = false;
    bool turn_scheduled = false;
    bool store_first = false;
    bool gap_passed = false;  ///< the next message says that some before it are missing
    RoomOrder order;
    RoomRing ring;
    Audience audience;
    std::unique_ptr<CatchUp> catch_up;  ///< only while somebody catches up
    std::unique_ptr<Watching> watching;
    Seq target = kNoSeq;  ///< the directory's last position, when that is ahead of ours
    Clock::Instant target_since{};
    std::size_t lags = 0;                      ///< comparisons in a row that found messages missing
    std::map<std::uint64_t, Pending> pending;  ///< by ticket
    std::unordered_map<SessionId, std::size_t> subscriptions;  ///< per session
  };
  struct Enter {
    std::uint64_t room_id;
    std::uint64_t ticket;
    Member member;
  };

  Room& open_room(const RoomName& name);
  void close_room(const RoomName& name);
  Room* find(const RoomName& name, std::uint64_t id);
  void forget_subscription(Room& room, const RoomName& name, const SessionId& session,
                           const Subscriber& subscriber, Leaving how);
  void leave_later(Member member);
  void leave_due();
  void leave_oldest();

  void on_bound(const RoomName& name, std::uint64_t id, const Result<void>& result);
  void enter(std::vector<Enter> run);
  void on_entered(const std::vector<Enter>& run, const std::vector<Result<Seq>>& results);
  void go_live(Room& room, const Pending& pending, Seq last);
  void catch_up(Room& room, const Pending& pending, Seq last);
  void fail(const RoomName& name, Room& room, std::uint64_t ticket, const Error& error);

  void deliver_run(const RoomName& name, Room& room, std::span<MessageRef> run);
  void take_in(const RoomName& name, Room& room, MessageRef message);
  void hand_out_live(Room& room, const MessageRef& message);
  void hand_out(const RoomName& name, Room& room, const std::vector<MessageRef>& messages);
  static std::size_t hand_out_after_gap(Room& room, std::vector<MessageRef> messages);

  [[nodiscard]] bool gap_is_hopeless(const Room& room) const;
  [[nodiscard]] std::optional<Clock::Instant> behind_since(const Room& room) const;
  void watch_gap(const RoomName& name, Room& room, Milliseconds delay);
  void watch_gap(const RoomName& name, Room& room) {
    watch_gap(name, room, options_.reorder_window);
  }
  void check_gap(const RoomName& name, std::uint64_t id);
  void heal(const RoomName& name, std::uint64_t id, const Backlog::Found& found);
  bool offer_found(Room& room, const Backlog::Found& found, std::vector<MessageRef>& out);
  void pass_gap(const RoomName& name, Room& room);

  void schedule_comparison();
  void compare();
  void on_compared(const std::vector<RoomName>& names, const Result<std::vector<Seq>>& last);

  void watch(const RoomName& name, Room& room);
  void unwatch(const RoomName& name, Room& room);
  void await_users(const RoomName& name, Room& room, Pending& pending, Seq last);
  void ask_users(const RoomName& name, Room& room);
  void on_users(const RoomName& name, std::uint64_t id, std::uint64_t asked,
                const Result<RoomUsers>& found);
  void fail_waiting(const RoomName& name, std::uint64_t id, std::uint64_t asked,
                    const Error& error);
  static std::map<std::uint64_t, Pending>::iterator next_waiting(Room& room, std::uint64_t asked,
                                                                 std::uint64_t after);
  void learn_users(const RoomName& name, Room& room, const RoomUsers& users,
                   const MessageRef& told);
  void let_in(const RoomName& name, std::uint64_t id, std::uint64_t asked, const MessageRef& told);
  void on_presence(const RoomName& name, Room& room, MessageRef event);
  void tell_watchers(Room& room, const std::vector<MessageRef>& events);
  void follow_up(const RoomName& name, Room& room);
  void compare_versions();
  void on_versions(const std::vector<RoomName>& names, const Result<std::vector<Seq>>& versions);

  void schedule_turn(const RoomName& name, Room& room, Milliseconds delay);
  void take_turn(const RoomName& name, std::uint64_t id);
  void look_up(const RoomName& name, Room& room);
  void on_found(const RoomName& name, std::uint64_t id, const Backlog::FoundRef& found);
  void end_catch_up(const RoomName& name, std::uint64_t id, CatchUp::Done done);

  Executor& on_;
  const Clock& clock_;
  Options options_;
  RoomDirectory& directory_;
  Presence& presence_;
  Backlog& backlog_;
  Dispatcher& dispatcher_;
  LocalFanout& fanout_;
  ShardIndex shard_;
  std::unordered_map<RoomName, Room> rooms_;
  std::array<std::size_t, kPartitions> rooms_in_partition_{};
  std::uint64_t next_id_ = 1;
  TurnRuns<Enter, Member> changes_;
  std::vector<MessageRef> out_;  ///< scratch: what a run of messages releases
  std::vector<RoomName> to_compare_;
  bool comparison_scheduled_ = false;
  bool comparing_ = false;                ///< the directory has not answered yet
  std::unordered_set<RoomName> watched_;  ///< rooms with `watching`
  std::vector<RoomName> watched_to_compare_;
  bool comparing_versions_ = false;
  /// Members whose connection has ended, and when they leave; oldest first.
  std::deque<std::pair<Clock::Instant, Member>> leaving_;

  Gauge rooms_gauge_;
  Gauge subscriptions_gauge_;
  Gauge leaving_gauge_;
  Counter left_early_;
  Counter delivered_;
  Counter held_;
  Counter stale_;
  Counter ephemeral_dropped_;
  Counter presence_events_;
  Counter presence_refreshes_;
  Counter healed_recent_;
  Counter healed_history_;
  Counter unhealed_;
  Counter behind_;
  Counter replayed_ring_;
  Counter replayed_recent_;
  Counter replayed_history_;
  Counter unrecovered_;
};

}  // namespace stampede::gateway
