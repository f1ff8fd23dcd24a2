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

/// How often the same hole is filled before it is taken for one that cannot be: storage may refuse
/// a message.
constexpr int kMostTimes = 3;
/// Of one room; its recent list is not longer by default.
constexpr std::size_t kMostRecent = 10'000;

}  // namespace

Sweeper::Sweeper(SweeperOptions options, Ports ports, std::string holder, Metrics& metrics)
    : options_(options),
      ports_(ports),
      holder_(std::move(holder)),
      looks_(metrics.counter("stampede_worker_sweeps_total",
                             "Looks for messages that should be stored and are not, by the worker "
                             "that holds the lease.")),
      swept_(metrics.counter("stampede_worker_swept_total",
                             "Messages that had a position, were not stored, and are now.")),
      lost_(metrics.counter("stampede_worker_sweep_lost_total",
                            "Holes in a room's history that its recent list could not fill.")),
      failures_(metrics.counter("stampede_worker_sweep_failures_total",
                                "Looks that a server did not answer.")) {}

void Sweeper::start() { look_later(); }

void Sweeper::look_later() {
  ports_.on.post_after(options_.interval, [this] { look(); });
}

void Sweeper::look() {
  holes_.clear();
  left_ = options_.messages_at_once;
  ports_.chains.hold_lease(kLease, holder_, 3 * options_.interval,
                           Reply<Result<bool>>(ports_.on, [this](const Result<bool>& mine) {
                             if (!mine) return give_up("lease", mine.error());
                             if (*mine) return read_rooms();
                             look_later();
                           }));
}

void Sweeper::read_rooms() {
  looks_.add();
  ports_.directory.rooms({after_, options_.rooms_at_once},
                         Reply<Result<std::vector<RoomSummary>>>(
                             ports_.on, [this](const Result<std::vector<RoomSummary>>& rooms) {
                               if (!rooms) return give_up("rooms", rooms.error());
                               on_rooms(*rooms);
                             }));
}

void Sweeper::on_rooms(const std::vector<RoomSummary>& rooms) {
  const Seq old = (ports_.clock.wall() - Microseconds(options_.quiet)).count();
  auto looks = std::make_shared<std::vector<Look>>();
  std::vector<Stretch> stretches;
  for (const RoomSummary& room : rooms) {
    const auto [at, fresh] = rooms_.try_emplace(room.room);
    if (fresh) at->second.whole = old - kFirstLook.count();
    at->second.round = round_;
    const Stretch stretch{room.room, at->second.whole, std::min(room.last, old)};
    if (stretch.until <= stretch.after) continue;
    looks->push_back({stretch, room.last <= old});
    stretches.push_back(stretch);
  }
  after_ = rooms.size() < options_.rooms_at_once ? std::string() : rooms.back().room.str();
  if (after_.empty()) end_round();
  if (stretches.empty()) return look_later();
  ports_.chains.inspect(
      std::move(stretches),
      Reply<Result<std::vector<StoredChain>>>(
          ports_.on, [this, looks](const Result<std::vector<StoredChain>>& found) {
            if (!found) return give_up("history", found.error());
            on_chains(*looks, *found);
          }));
}

/// Rooms that have gone are forgotten.
void Sweeper::end_round() {
  std::erase_if(rooms_, [this](const auto& entry) { return entry.second.round != round_; });
  ++round_;
}

void Sweeper::on_chains(const std::vector<Look>& looks, const std::vector<StoredChain>& chains) {
  for (std::size_t i = 0; i < looks.size(); ++i) {
    const Stretch& stretch = looks[i].stretch;
    const StoredChain& chain = chains[i];
    const auto room = rooms_.find(stretch.room);
    if (room == rooms_.end()) continue;
    if (!chain.hole.room.empty()) {
      room->second.whole = chain.hole.after;
      holes_.push_back(chain.hole);
      continue;
    }
    room->second.whole = std::max(stretch.after, chain.last);
    if (looks[i].to_the_end && room->second.whole < stretch.until) {
      holes_.push_back({stretch.room, room->second.whole, stretch.until});
    }
  }
  mend_next();
}

void Sweeper::mend_next() {
  if (holes_.empty() || left_ == 0) return look_later();
  const Stretch hole = std::move(holes_.front());
  holes_.pop_front();
  const Room& room = rooms_[hole.room];
  if (room.filled == hole && room.times >= kMostTimes) return pass_over(hole);
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
    if (message->position.seq <= hole.until && missing.size() < left_) missing.push_back(message);
  }
  if (missing.empty()) return pass_over(hole);
  left_ -= missing.size();
  ports_.feed.append(std::move(missing),
                     Reply<std::vector<Result<void>>>(
                         ports_.on, [this, hole](const std::vector<Result<void>>& all) {
                           on_appended(hole, all);
                         }));
}

/// Whether it is stored then, the next look tells.
void Sweeper::on_appended(const Stretch& hole, const std::vector<Result<void>>& results) {
  for (const Result<void>& result : results) {
    if (!result) return give_up("storage queue", result.error());
  }
  Room& room = rooms_[hole.room];
  room.times = room.filled == hole ? room.times + 1 : 1;
  room.filled = hole;
  swept_.add(static_cast<double>(results.size()));
  log_info("messages that were never stored are given to storage",
           {{"room", hole.room.str()}, {"messages", results.size()}});
  mend_next();
}

void Sweeper::pass_over(const Stretch& hole) {
  lost_.add();
  log_warn("hole in a room's history cannot be filled",
           {{"room", hole.room.str()}, {"after", hole.after}, {"until", hole.until}});
  rooms_[hole.room].whole = hole.until;
  mend_next();
}

void Sweeper::give_up(const char* what, const Error& why) {
  failures_.add();
  if (const auto held_back = failure_log_.admit(ports_.clock.now()); held_back >= 0) {
    log_warn("sweep not finished",
             {{"asked", what}, {"reason", why.detail}, {"held_back", held_back}});
  }
  look_later();
}

}  // namespace stampede::worker
