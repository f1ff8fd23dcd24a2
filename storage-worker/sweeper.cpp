// One step after the other, each begun by the answer of the one before, so that there is never more
// than one question under way. Whatever fails is tried again at the next look.
#include "storage-worker/sweeper.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "shared/base/log.h"

namespace stampede::worker {
namespace {

constexpr const char* kLease = "sweeper";
/// How far back a room is looked at for the first time: its recent list does not outlive its
/// members for longer.
constexpr Microseconds kFirstLook = std::chrono::minutes(10);

/// How often the same messages are given to the feed: storage may refuse them.
constexpr int kMostTimes = 3;
/// Between two times. The storage queue may be long, and each time makes it longer.
constexpr int kLooksBetween = 12;
/// After so many looks they are taken for lost: ten minutes by default.
constexpr int kMostLooks = 120;
/// Then it is not the messages, but the feed that is away.
constexpr int kMostUnconfirmed = 3;
/// Of one room; its recent list is not longer by default.
constexpr std::size_t kMostRecent = 10'000;

}  // namespace

Sweeper::Sweeper(SweeperOptions options, Ports ports, std::string holder, Metrics& metrics)
    : options_(options),
      ports_(ports),
      holder_(std::move(holder)),
      looks_(metrics.counter("stampede_worker_sweeps_total",
                             "Pages of rooms in which the worker that holds the lease looked for "
                             "messages that should be stored and are not.")),
      swept_(
          metrics.counter("stampede_worker_swept_total",
                          "Messages that had a position, were not stored in time, and are now.")),
      lost_(metrics.counter("stampede_worker_sweep_lost_total",
                            "Holes in a room's history that its recent list could not fill, or "
                            "whose messages the store does not take.")),
      failures_(
          metrics.counter("stampede_worker_sweep_failures_total",
                          "Looks, or messages given to the feed, that a server did not answer.")) {}

void Sweeper::start() { look_later(); }

void Sweeper::look_later() {
  ports_.on.post_after(options_.interval, [this] { look(); });
}

void Sweeper::look() {
  left_ = options_.messages_at_once;
  pages_ = 0;
  unconfirmed_ = 0;
  hold_lease();
}

/// Back to back, so that holes are found in time where rooms are many; not without end, because
/// each room is three questions to the directory.
void Sweeper::next_page() {
  if (after_.empty() || left_ == 0 || pages_ == options_.pages_at_once) return look_later();
  hold_lease();
}

void Sweeper::hold_lease() {
  holes_.clear();
  ports_.chains.hold_lease(kLease, holder_, 3 * options_.interval,
                           Reply<Result<bool>>(ports_.on, [this](const Result<bool>& mine) {
                             if (!mine) return give_up("lease", mine.error());
                             if (*mine) return read_rooms();
                             // Another looks from here on; what is known now will be long past.
                             rooms_.clear();
                             after_.clear();
                             look_later();
                           }));
}

void Sweeper::read_rooms() {
  ++pages_;
  looks_.add();
  ports_.directory.rooms({after_, options_.rooms_at_once},
                         Reply<Result<std::vector<RoomSummary>>>(
                             ports_.on, [this](const Result<std::vector<RoomSummary>>& rooms) {
                               if (!rooms) return give_up("rooms", rooms.error());
                               on_rooms(*rooms);
                             }));
}

Seq Sweeper::old() const { return (ports_.clock.wall() - Microseconds(options_.quiet)).count(); }

void Sweeper::on_rooms(const std::vector<RoomSummary>& rooms) {
  auto looks = std::make_shared<std::vector<Look>>();
  for (const RoomSummary& summary : rooms) {
    const auto [at, fresh] = rooms_.try_emplace(summary.room);
    Room& room = at->second;
    if (fresh) room.whole = old() - kFirstLook.count();
    room.round = round_;
    for (const Given& given : room.given) looks->push_back({given.hole, false, true});
    const Stretch stretch{summary.room, room.whole, std::min(summary.last, old())};
    if (stretch.until > stretch.after) looks->push_back({stretch, summary.last <= old(), false});
  }
  after_ = rooms.size() < options_.rooms_at_once ? std::string() : rooms.back().room.str();
  if (after_.empty()) end_round();
  if (looks->empty()) return next_page();
  inspect(looks);
}

void Sweeper::inspect(const Looks& looks) {
  std::vector<Stretch> stretches;
  stretches.reserve(looks->size());
  for (const Look& look : *looks) stretches.push_back(look.stretch);
  ports_.chains.inspect(
      std::move(stretches),
      Reply<Result<std::vector<StoredChain>>>(
          ports_.on, [this, looks](const Result<std::vector<StoredChain>>& found) {
            if (found) return on_chains(*looks, *found);
            shorten(*looks);
            give_up("history", found.error());
          }));
}

/// Rooms that have gone are forgotten.
void Sweeper::end_round() {
  std::erase_if(rooms_, [this](const auto& entry) { return entry.second.round != round_; });
  ++round_;
}

/// A stretch that takes the store too long would only grow until the next look.
void Sweeper::shorten(const std::vector<Look>& looks) {
  for (const Look& look : looks) {
    const auto room = rooms_.find(look.stretch.room);
    if (room == rooms_.end()) continue;
    room->second.whole = std::max(room->second.whole, old() - kFirstLook.count());
  }
}

void Sweeper::on_chains(const std::vector<Look>& looks, const std::vector<StoredChain>& chains) {
  for (std::size_t i = 0; i < looks.size(); ++i) {
    const Stretch& stretch = looks[i].stretch;
    const StoredChain& chain = chains[i];
    const auto room = rooms_.find(stretch.room);
    if (room == rooms_.end()) continue;
    if (looks[i].given) {
      on_given(stretch, chain);
      continue;
    }
    if (!chain.hole.room.empty()) {
      room->second.whole = chain.hole.after;
      holes_.push_front(chain.hole);
      continue;
    }
    room->second.whole = std::max(stretch.after, chain.last);
    if (looks[i].to_the_end && room->second.whole < stretch.until) {
      holes_.push_front({stretch.room, room->second.whole, stretch.until});
    }
  }
  mend_next();
}

void Sweeper::on_given(const Stretch& hole, const StoredChain& chain) {
  Given* const mine = given(hole);
  if (mine == nullptr) return;
  const bool stored = chain.hole.room.empty() && chain.last == hole.until;
  if (stored) {
    swept_.add(static_cast<double>(mine->messages));
  } else if (mine->times == 0) {
    return holes_.push_back(hole);  // behind all others: it may be the one that nobody confirms
  } else if (++mine->looks < kMostLooks) {
    if (mine->times < kMostTimes && mine->looks % kLooksBetween == 0) holes_.push_back(hole);
    return;
  } else {
    lose(hole);
  }
  forget(hole);
}

void Sweeper::mend_next() {
  if (holes_.empty() || left_ == 0) return next_page();
  const Stretch hole = std::move(holes_.front());
  holes_.pop_front();
  ports_.directory.recent(hole.room, hole.after, kMostRecent,
                          Reply<Result<std::vector<MessageRef>>>(
                              ports_.on, [this, hole](const Result<std::vector<MessageRef>>& list) {
                                if (!list) return give_up("recent list", list.error());
                                on_recent(hole, *list);
                              }));
}

void Sweeper::on_recent(const Stretch& hole, const std::vector<MessageRef>& recent) {
  std::vector<MessageRef> missing;
  for (const MessageRef& message : recent) {
    if (message->position.seq <= hole.until) missing.push_back(message);
  }
  if (const Given* const mine = given(hole)) return append_again(*mine, std::move(missing));
  Room& room = rooms_[hole.room];
  if (missing.empty()) {
    lose(hole);
    room.whole = hole.until;
    return mend_next();
  }
  if (missing.size() > left_) missing.resize(left_);
  const Stretch filled{hole.room, std::max(hole.after, missing.front()->position.prev),
                       missing.back()->position.seq};
  if (filled.after > hole.after) lose({hole.room, hole.after, filled.after});
  room.whole = filled.until;
  room.given.push_back({filled, missing.size()});
  append(filled, std::move(missing));
}

void Sweeper::append_again(const Given& given, std::vector<MessageRef> missing) {
  if (missing.empty() && given.times == 0) {
    const Stretch hole = given.hole;
    lose(hole);
    forget(hole);
    return mend_next();
  }
  // What the list has dropped meanwhile the feed has still. All of them, or none this time.
  if (missing.empty() || missing.size() > left_) return mend_next();
  append(given.hole, std::move(missing));
}

void Sweeper::append(const Stretch& hole, std::vector<MessageRef> missing) {
  left_ -= missing.size();
  ports_.feed.append(std::move(missing),
                     Reply<std::vector<Result<void>>>(
                         ports_.on, [this, hole](const std::vector<Result<void>>& all) {
                           on_appended(hole, all);
                         }));
}

/// Whether it is stored then, later looks tell.
void Sweeper::on_appended(const Stretch& hole, const std::vector<Result<void>>& results) {
  const auto failed = std::find_if(results.begin(), results.end(),
                                   [](const Result<void>& result) { return !result; });
  if (failed != results.end()) {
    if (++unconfirmed_ >= kMostUnconfirmed) return give_up("storage queue", failed->error());
    note_failure("storage queue", failed->error());
    return mend_next();
  }
  if (Given* const mine = given(hole)) ++mine->times;
  log_info("messages that were never stored are given to storage",
           {{"room", hole.room.str()}, {"messages", results.size()}});
  mend_next();
}

Sweeper::Given* Sweeper::given(const Stretch& hole) {
  const auto room = rooms_.find(hole.room);
  if (room == rooms_.end()) return nullptr;
  auto& all = room->second.given;
  const auto found =
      std::find_if(all.begin(), all.end(), [&hole](const Given& one) { return one.hole == hole; });
  return found == all.end() ? nullptr : &*found;
}

void Sweeper::forget(const Stretch& hole) {
  std::erase_if(rooms_[hole.room].given, [&hole](const Given& one) { return one.hole == hole; });
}

void Sweeper::lose(const Stretch& hole) {
  lost_.add();
  log_warn("hole in a room's history cannot be filled",
           {{"room", hole.room.str()}, {"after", hole.after}, {"until", hole.until}});
}

void Sweeper::give_up(const char* what, const Error& why) {
  note_failure(what, why);
  look_later();
}

void Sweeper::note_failure(const char* what, const Error& why) {
  failures_.add();
  if (const auto held_back = failure_log_.admit(ports_.clock.now()); held_back >= 0) {
    log_warn("sweep not finished",
             {{"asked", what}, {"reason", why.detail}, {"held_back", held_back}});
  }
}

}  // namespace stampede::worker
