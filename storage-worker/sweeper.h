#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/metrics.h"
#include "shared/ports/message_feed.h"
#include "shared/ports/room_directory.h"
#include "shared/ports/stored_chains.h"

namespace stampede::worker {

struct SweeperOptions {
  Milliseconds interval{5'000};  ///< between two looks
  /// Only messages older than this should be stored by now.
  Milliseconds quiet{10'000};
  std::size_t rooms_at_once = 500;       ///< a page
  std::size_t pages_at_once = 20;        ///< in one look; the next one goes on from there
  std::size_t messages_at_once = 1'000;  ///< appended in one look
};

/// Finds messages that got a position and were never stored, because their gateway died in between,
/// and gives them to the storage feed. Members may have seen them, so the history has to have them.
/// Looks at all rooms that have members in turn, many pages of them each time, and only while it
/// holds the lease: one of all workers sweeps. docs/decisions/0011-the-sweeper.md.
///
/// Everything runs on the thread of `on`; outlives every task of it, as do the ports.
class Sweeper {
 public:
  struct Ports {
    RoomDirectory& directory;
    StoredChains& chains;
    MessageFeed& feed;
    Executor& on;
    const Clock& clock;
  };

  /// `holder`: this process' name for the lease.
  Sweeper(SweeperOptions options, Ports ports, std::string holder, Metrics& metrics);

  /// Once. Looks every `interval` from then on.
  void start();

 private:
  /// Messages that were given to the feed and have to turn up in the store.
  struct Given {
    Stretch hole;  ///< ends with the last of them
    std::size_t messages = 0;
    int times = 0;  ///< how often the feed has confirmed them
    int looks = 0;  ///< that did not find them, since the first time
  };
  /// A room that was looked at.
  struct Room {
    Seq whole = kNoSeq;  ///< stored up to there, but for what is given, as far as it ever will be
    std::vector<Given> given;
    std::size_t round = 0;
  };
  struct Look {
    Stretch stretch;
    bool to_the_end = false;  ///< of the room: its last message is old enough
    bool given = false;       ///< the stretch is a hole that was filled
  };
  using Looks = std::shared_ptr<const std::vector<Look>>;

  void look_later();
  void look();
  void next_page();
  void hold_lease();
  void read_rooms();
  void on_rooms(const std::vector<RoomSummary>& rooms);
  void inspect(const Looks& looks);
  void end_round();
  /// Of the stretches that the store could not look through.
  void shorten(const std::vector<Look>& looks);
  void on_chains(const std::vector<Look>& looks, const std::vector<StoredChain>& chains);
  void on_given(const Stretch& hole, const StoredChain& chain);
  void mend_next();
  void on_recent(const Stretch& hole, const std::vector<MessageRef>& recent);
  void append_again(const Given& given, std::vector<MessageRef> missing);
  void append(const Stretch& hole, std::vector<MessageRef> missing);
  void on_appended(const Stretch& hole, const std::vector<Result<void>>& results);
  /// Of what was given to the feed, or nullptr.
  [[nodiscard]] Given* given(const Stretch& hole);
  void forget(const Stretch& hole);
  void lose(const Stretch& hole);
  [[nodiscard]] Seq old() const;
  /// Ends the look.
  void give_up(const char* what, const Error& why);
  void note_failure(const char* what, const Error& why);

  const SweeperOptions options_;
  const Ports ports_;
  const std::string holder_;
  std::string after_;  ///< the last room looked at
  std::size_t round_ = 0;
  std::unordered_map<RoomName, Room> rooms_;  ///< of this round and the one before
  std::deque<Stretch> holes_;
  std::size_t left_ = 0;   ///< messages that this look may still append
  std::size_t pages_ = 0;  ///< of this look
  int unconfirmed_ = 0;    ///< holes of this look whose messages the feed did not confirm

  LogLimiter failure_log_{Seconds(60)};

  Counter looks_;
  Counter swept_;
  Counter lost_;
  Counter failures_;
};

}  // namespace stampede::worker
