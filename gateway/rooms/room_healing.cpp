// What happens when a message is missing. The chain prev -> seq shows it as soon as a later message
// comes; that the last one is missing only the directory can tell, so it is asked now and then.
#include <algorithm>

#include "gateway/rooms/room_registry.h"
#include "shared/base/log.h"

namespace stampede::gateway {
namespace {

/// The store gives a position to what was sent without one, and that was delivered back then. It
/// has no predecessor, and unlike the first message of a room it is nobody's either.
bool placed_by_store(const Backlog::Found& found, std::size_t index) {
  const Position position = found.messages[index]->position;
  if (position.prev != kNoSeq) return false;
  return index + 1 == found.messages.size() ||
         found.messages[index + 1]->position.prev != position.seq;
}

}  // namespace

/// Since when something is known to be missing.
std::optional<Clock::Instant> RoomRegistry::behind_since(const Room& room) const {
  const auto waiting = room.order.waiting_since();
  if (waiting) return waiting;
  if (room.target > room.order.last()) return room.target_since;
  return std::nullopt;
}

void RoomRegistry::watch_gap(const RoomName& name, Room& room, Milliseconds delay) {
  if (room.heal_scheduled || !behind_since(room)) return;
  room.heal_scheduled = true;
  on_.post_after(delay, [this, name, id = room.id] { check_gap(name, id); });
}

void RoomRegistry::check_gap(const RoomName& name, std::uint64_t id) {
  Room* const room = find(name, id);
  if (room == nullptr) return;
  const auto since = behind_since(*room);
  if (!since || clock_.now() - *since < options_.reorder_window) {
    room->heal_scheduled = false;
    watch_gap(name, *room);
    return;
  }
  // heal_scheduled stays set: one request a room at a time.
  backlog_.find({name, room->order.last(), options_.heal_limit},
                Reply<Backlog::FoundRef>(on_, [this, name, id](const Backlog::FoundRef& found) {
                  heal(name, id, *found);
                }));
}

void RoomRegistry::heal(const RoomName& name, std::uint64_t id, const Backlog::Found& found) {
  Room* const room = find(name, id);
  if (room == nullptr) return;
  room->heal_scheduled = false;
  const bool unseen = !room->order.waiting_since();  // by the chain
  std::vector<MessageRef> out;
  const bool healed = offer_found(*room, found, out);
  hand_out(name, *room, out);
  if (healed && unseen && ++room->lags >= options_.rebind_after) {
    room->lags = 0;
    dispatcher_.rebind(name);
  }
  // What the directory knows and nobody has seen may not be stored yet, and comes when it is.
  if (room->store_first) room->target = kNoSeq;
  if (gap_is_hopeless(*room)) pass_gap(name, *room);
  watch_gap(name, *room, options_.heal_pause);
}

/// A broker that is seconds behind has lost nothing: what is given up is dropped when it comes.
bool RoomRegistry::gap_is_hopeless(const Room& room) const {
  const auto since = behind_since(room);
  if (!since) return false;
  const Milliseconds patience =
      room.store_first ? options_.store_first_patience : options_.heal_timeout;
  return clock_.now() - std::max(*since, room.order.progressed()) >= patience;
}

/// Returns whether any of what was found had been missing.
bool RoomRegistry::offer_found(Room& room, const Backlog::Found& found,
                               std::vector<MessageRef>& out) {
  std::size_t healed_recent = 0;
  std::size_t healed_history = 0;
  for (std::size_t i = 0; i < found.messages.size(); ++i) {
    const MessageRef& message = found.messages[i];
    const bool stored = i < found.from_history;
    const Seq seq = message->position.seq;
    const bool sequenced = seq == room.target || seq == room.order.awaited();
    if (stored && !sequenced && placed_by_store(found, i)) continue;
    if (room.order.offer(message, clock_.now(), out) != RoomOrder::Verdict::kDelivered) continue;
    ++(stored ? healed_history : healed_recent);
  }
  if (healed_recent > 0) healed_recent_.add(static_cast<double>(healed_recent));
  if (healed_history > 0) healed_history_.add(static_cast<double>(healed_history));
  return healed_recent + healed_history > 0;
}

/// Goes on without what nobody has, and says so with the next message.
void RoomRegistry::pass_gap(const RoomName& name, Room& room) {
  unhealed_.add();
  log_warn("gap could not be healed",
           {{"room", name.str()}, {"after", room.order.last()}, {"store_first", room.store_first}});
  std::vector<MessageRef> out;
  if (!room.order.skip_gap(out)) room.order.open(room.target, out);
  room.ring.restart(out.empty() ? room.order.last() : out.front()->position.seq - 1);
  room.gap_passed = true;
  hand_out(name, room, out);
}

void RoomRegistry::schedule_comparison() {
  if (comparison_scheduled_) return;
  comparison_scheduled_ = true;
  on_.post_after(options_.check_interval, [this] {
    comparison_scheduled_ = false;
    if (rooms_.empty()) return;
    // A directory that is slower than our questions must not collect them.
    if (!comparing_) compare();
    if (!comparing_versions_) compare_versions();
    schedule_comparison();
  });
}

/// Some rooms at a time, each once before any comes again.
void RoomRegistry::compare() {
  if (to_compare_.empty()) {
    to_compare_.reserve(rooms_.size());
    for (const auto& [name, room] : rooms_) to_compare_.push_back(name);
  }
  std::vector<RoomName> names;
  while (!to_compare_.empty() && names.size() < options_.check_rooms) {
    RoomName name = std::move(to_compare_.back());
    to_compare_.pop_back();
    const auto entry = rooms_.find(name);
    if (entry == rooms_.end() || !entry->second.order.is_open()) continue;
    entry->second.ring.settle();
    names.push_back(std::move(name));
  }
  if (names.empty()) return;
  comparing_ = true;
  const auto asked = std::make_shared<const std::vector<RoomName>>(names);
  directory_.last(std::move(names), Reply<Result<std::vector<Seq>>>(
                                        on_, [this, asked](const Result<std::vector<Seq>>& last) {
                                          comparing_ = false;
                                          on_compared(*asked, last);
                                        }));
}

void RoomRegistry::on_compared(const std::vector<RoomName>& names,
                               const Result<std::vector<Seq>>& last) {
  if (!last) return;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto entry = rooms_.find(names[i]);
    if (entry == rooms_.end() || !entry->second.order.is_open()) continue;
    Room& room = entry->second;
    if ((*last)[i] <= room.order.highest()) {
      if (!behind_since(room)) room.lags = 0;
      continue;
    }
    // It may be on its way: the reorder window decides.
    behind_.add();
    if (room.target != (*last)[i]) room.target_since = clock_.now();
    room.target = (*last)[i];
    watch_gap(entry->first, room);
  }
}

}  // namespace stampede::gateway
