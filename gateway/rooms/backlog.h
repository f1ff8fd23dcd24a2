#pragma once

#include <cstddef>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "shared/base/clock.h"
#include "shared/base/metrics.h"
#include "shared/ports/history.h"
#include "shared/ports/room_directory.h"

namespace stampede::gateway {

/// What a room has missed: the directory's recent list, and the history for what is older, or for
/// everything in store-first rooms, where the recent list may know what is not stored. One for
/// the gateway, so that all shards and clients that miss the same cost one look: a room is looked
/// up once at a time, and whoever asks meanwhile gets the same answer where that has what it asked
/// for.
///
/// `find` may be called from any thread; the rest happens on `on`. Bounded in time by the time-outs
/// of the ports and `Options::patience`. What the constructor is handed outlives the backlog, which
/// outlives every task of `on`.
class Backlog {
 public:
  struct Options {
    std::size_t rooms_at_once = 64;  ///< looked up; others wait their turn
    /// Then no further page is asked for.
    Milliseconds patience{5'000};
    /// Of one answer, bodies only; older messages are left out beyond it.
    std::size_t max_bytes = kMaxPageBytes;
  };
  struct Query {
    RoomName room;
    Seq after = kNoSeq;
    std::size_t limit = 0;  ///< the newest so many messages after `after`
  };
  /// No message at all is known to be there without a gap.
  static constexpr Seq kNothing = std::numeric_limits<Seq>::max();
  struct Found {
    std::vector<MessageRef> messages;  ///< ascending; more than one asker asked for, at times
    Seq from = kNothing;               ///< nothing stands between it and the last message but these
    std::size_t from_history = 0;      ///< how many of the first ones the recent list did not have
    bool cut = false;                  ///< older ones were left out because of a bound
  };
  using FoundRef = std::shared_ptr<const Found>;

  /// `history` is null where there is none to ask.
  Backlog(Executor& on, const Clock& clock, Options options, RoomDirectory& directory,
          History* history, Metrics& metrics);

  /// Answers with what there is, at worst with nothing.
  void find(Query query, Reply<FoundRef> found);

 private:
  struct Asker {
    Query query;
    Reply<FoundRef> found;
  };
  /// The lookups of one room: the first asker's is under way.
  struct Job {
    std::deque<Asker> askers;
    Found found;
    std::optional<Seq> prev;  ///< what the chain says comes before `found`; empty: no chain yet
    Clock::Instant started{};
    std::size_t bytes = 0;
    bool running = false;
  };

  void start(const RoomName& room);
  void read_recent(const RoomName& room, Job& job);
  void on_recent(const RoomName& room, const Result<std::vector<MessageRef>>& recent);
  /// Asks for the page before what is found, or finishes.
  void go_on(const RoomName& room);
  [[nodiscard]] bool enough(Job& job) const;
  void on_page(const RoomName& room, const Result<Page>& page);
  enum class Source { kRecent, kHistory };
  /// Puts `older` before what is found, down to the first gap; false when there was one.
  static bool join(Job& job, const std::vector<MessageRef>& older, Source source);
  void finish(const RoomName& room);
  void answer(Job& job) const;

  Executor& on_;
  const Clock& clock_;
  const Options options_;
  RoomDirectory& directory_;
  History* const history_;
  std::unordered_map<RoomName, Job> jobs_;
  std::deque<RoomName> waiting_;  ///< rooms, until one of those under way is done
  std::size_t running_ = 0;

  Counter recent_lookups_;
  Counter history_lookups_;
  Counter failures_;
};

}  // namespace stampede::gateway
