// Membership and delivery of one shard's rooms. Answers of the dispatcher and the directory come
// back later, so each names the room's id and a ticket: what has gone meanwhile is not found any
// more.
#include "gateway/rooms/room_registry.h"

#include <algorithm>

#include "shared/base/log.h"

namespace stampede::gateway {

RoomRegistry::RoomRegistry(Executor& on, const Clock& clock, Options options,
                           RoomDirectory& directory, Dispatcher& dispatcher, LocalFanout& fanout,
                           Metrics& metrics)
    : on_(on),
      clock_(clock),
      options_(options),
      directory_(directory),
      dispatcher_(dispatcher),
      fanout_(fanout),
      shard_(fanout.attach(on, [this](std::vector<MessageRef> b) { deliver(std::move(b)); })),
      changes_(on, [this](std::vector<Change> changes) { apply(std::move(changes)); }),
      rooms_gauge_(metrics.gauge("stampede_gateway_rooms",
                                 "Rooms with members, counted once on each shard that has some.")),
      subscriptions_gauge_(
          metrics.gauge("stampede_gateway_subscriptions", "Subscriptions of local sessions.")),
      delivered_(metrics.counter("stampede_gateway_delivered_total",
                                 "MESSAGE frames queued to local members.")),
      held_(metrics.counter("stampede_gateway_held_total",
                            "Messages that came before their predecessor and waited for it.")),
      stale_(metrics.counter("stampede_gateway_stale_total",
                             "Messages dropped because their position was already delivered.")),
      healed_(metrics.counter("stampede_gateway_healed_total", "Missing messages found elsewhere.",
                              {{"source", "recent"}})),
      unhealed_(metrics.counter("stampede_gateway_unhealed_total",
                                "Gaps that could not be closed and were delivered around.")) {}

void RoomRegistry::subscribe(Member member, Subscriber& subscriber, Live live) {
  const RoomName name = member.room;
  Room& room = open_room(name);
  ++room.subscriptions[member.session];
  subscriptions_gauge_.add(1);
  const std::uint64_t ticket = next_id_++;
  if (room.bound) changes_.add(Enter{room.id, ticket, member});
  room.pending.push_back({ticket, std::move(member), &subscriber, std::move(live)});
}

void RoomRegistry::unsubscribe(const RoomName& name, const SessionId& session,
                               Subscriber& subscriber) {
  const auto entry = rooms_.find(name);
  if (entry == rooms_.end()) return;
  Room& room = entry->second;
  const auto pending = std::find_if(room.pending.begin(), room.pending.end(),
                                    [&](const Pending& p) { return p.subscriber == &subscriber; });
  if (pending != room.pending.end()) {
    room.pending.erase(pending);
  } else {
    room.audience.remove(subscriber);
  }
  forget_subscription(room, name, session);
}

void RoomRegistry::forget_subscription(Room& room, const RoomName& name, const SessionId& session) {
  subscriptions_gauge_.add(-1);
  const auto count = room.subscriptions.find(session);
  if (--count->second == 0) {
    room.subscriptions.erase(count);
    if (room.bound) changes_.add(Leave{Member{name, session, UserId(), 0}});
  }
  if (room.subscriptions.empty()) close_room(name);
}

Seq RoomRegistry::highest(const RoomName& name) const {
  const auto entry = rooms_.find(name);
  return entry == rooms_.end() ? kNoSeq : entry->second.order.highest();
}

RoomRegistry::Room& RoomRegistry::open_room(const RoomName& name) {
  auto [entry, created] = rooms_.try_emplace(name);
  Room& room = entry->second;
  if (!created) return room;
  room.id = next_id_++;
  rooms_gauge_.add(1);
  const std::uint32_t partition = partition_of(name);
  if (rooms_in_partition_[partition]++ == 0) fanout_.set_interest(shard_, partition, true);
  dispatcher_.open(shard_, name,
                   Reply<Result<void>>(on_, [this, name, id = room.id](const Result<void>& result) {
                     on_bound(name, id, result);
                   }));
  return room;
}

void RoomRegistry::close_room(const RoomName& name) {
  rooms_.erase(name);
  rooms_gauge_.add(-1);
  const std::uint32_t partition = partition_of(name);
  if (--rooms_in_partition_[partition] == 0) fanout_.set_interest(shard_, partition, false);
  dispatcher_.close(shard_, name);
}

RoomRegistry::Room* RoomRegistry::find(const RoomName& name, std::uint64_t id) {
  const auto entry = rooms_.find(name);
  return entry != rooms_.end() && entry->second.id == id ? &entry->second : nullptr;
}

void RoomRegistry::on_bound(const RoomName& name, std::uint64_t id, const Result<void>& result) {
  Room* const room = find(name, id);
  if (room == nullptr) return;
  if (result) {
    room->bound = true;
    for (const Pending& p : room->pending) changes_.add(Enter{id, p.ticket, p.member});
    return;
  }
  while (Room* const still = find(name, id)) {
    fail(name, *still, still->pending.front().ticket, result.error());
  }
}

/// Enters and leaves take effect in the order they were made; neighbours of a kind go together.
void RoomRegistry::apply(std::vector<Change> changes) {
  std::vector<Enter> enters;
  std::vector<Member> leaves;
  const auto flush = [&] {
    if (!enters.empty()) enter(std::exchange(enters, {}));
    if (!leaves.empty()) directory_.leave(std::exchange(leaves, {}));
  };
  for (Change& change : changes) {
    if (auto* const one = std::get_if<Enter>(&change)) {
      if (!leaves.empty()) flush();
      enters.push_back(std::move(*one));
    } else {
      if (!enters.empty()) flush();
      leaves.push_back(std::move(std::get<Leave>(change).member));
    }
  }
  flush();
}

void RoomRegistry::enter(std::vector<Enter> run) {
  std::vector<Member> members;
  members.reserve(run.size());
  for (const Enter& one : run) members.push_back(one.member);
  directory_.enter(std::move(members),
                   Reply<Result<std::vector<Seq>>>(
                       on_, [this, run = std::move(run)](const Result<std::vector<Seq>>& result) {
                         on_entered(run, result);
                       }));
}

void RoomRegistry::on_entered(const std::vector<Enter>& run,
                              const Result<std::vector<Seq>>& result) {
  for (std::size_t i = 0; i < run.size(); ++i) {
    const RoomName& name = run[i].member.room;
    Room* const room = find(name, run[i].room_id);
    if (room == nullptr) continue;
    const auto pending = std::find_if(room->pending.begin(), room->pending.end(),
                                      [&](const Pending& p) { return p.ticket == run[i].ticket; });
    if (pending == room->pending.end()) continue;  // unsubscribed meanwhile
    if (!result) {
      fail(name, *room, run[i].ticket, result.error());
      continue;
    }
    const Pending entered = std::move(*pending);
    room->pending.erase(pending);
    go_live(*room, entered, (*result)[i]);
  }
}

void RoomRegistry::go_live(Room& room, const Pending& pending, Seq last) {
  std::vector<MessageRef> released;
  const Seq position = room.order.is_open() ? room.order.last() : last;
  if (!room.order.is_open()) room.order.open(last, released);
  room.audience.add(*pending.subscriber);
  const RoomName name = pending.member.room;
  const std::uint64_t id = room.id;
  pending.live(position);
  // The session may have done anything in there, unsubscribing included.
  Room* const still = find(name, id);
  if (still == nullptr) return;
  // Sequenced after the position just told, so they belong to this member too.
  hand_out(*still, released);
  watch_gap(name, *still);
}

void RoomRegistry::fail(const RoomName& name, Room& room, std::uint64_t ticket,
                        const Error& error) {
  const auto pending = std::find_if(room.pending.begin(), room.pending.end(),
                                    [&](const Pending& p) { return p.ticket == ticket; });
  Pending failed = std::move(*pending);
  room.pending.erase(pending);
  forget_subscription(room, name, failed.member.session);
  failed.live(error);
}

void RoomRegistry::deliver(std::vector<MessageRef> batch) {
  for (MessageRef& message : batch) {
    const auto entry = rooms_.find(message->room);
    if (entry == rooms_.end()) continue;
    Room& room = entry->second;
    out_.clear();
    switch (room.order.offer(std::move(message), clock_.now(), out_)) {
      case RoomOrder::Verdict::kDelivered:
      case RoomOrder::Verdict::kUnsequenced: hand_out(room, out_); break;
      case RoomOrder::Verdict::kHeld:
        held_.add();
        watch_gap(entry->first, room);
        break;
      case RoomOrder::Verdict::kStale: stale_.add(); break;
    }
  }
}

void RoomRegistry::hand_out(Room& room, const std::vector<MessageRef>& messages) {
  std::size_t count = 0;
  for (const MessageRef& message : messages) count += room.audience.deliver(message);
  if (count > 0) delivered_.add(static_cast<double>(count));
}

void RoomRegistry::watch_gap(const RoomName& name, Room& room) {
  if (room.heal_scheduled || !room.order.waiting_since()) return;
  room.heal_scheduled = true;
  on_.post_after(options_.reorder_window, [this, name, id = room.id] { check_gap(name, id); });
}

void RoomRegistry::check_gap(const RoomName& name, std::uint64_t id) {
  Room* const room = find(name, id);
  if (room == nullptr) return;
  const auto since = room->order.waiting_since();
  if (!since || clock_.now() - *since < options_.reorder_window) {
    room->heal_scheduled = false;
    watch_gap(name, *room);
    return;
  }
  // heal_scheduled stays set: one request a room at a time.
  directory_.recent(name, room->order.last(), options_.heal_limit,
                    Reply<Result<std::vector<MessageRef>>>(
                        on_, [this, name, id](const Result<std::vector<MessageRef>>& found) {
                          heal(name, id, found);
                        }));
}

void RoomRegistry::heal(const RoomName& name, std::uint64_t id,
                        const Result<std::vector<MessageRef>>& found) {
  Room* const room = find(name, id);
  if (room == nullptr) return;
  room->heal_scheduled = false;
  std::vector<MessageRef> out;
  if (found) {
    for (const MessageRef& message : *found) {
      const bool filled =
          room->order.offer(message, clock_.now(), out) == RoomOrder::Verdict::kDelivered;
      if (filled) healed_.add();
    }
  }
  const auto since = room->order.waiting_since();
  if (since && clock_.now() - *since >= options_.reorder_window && room->order.skip_gap(out)) {
    unhealed_.add();
    log_warn("gap could not be healed",
             {{"reason", found ? std::string("not in the recent list") : found.error().detail}});
  }
  hand_out(*room, out);
  watch_gap(name, *room);
}

}  // namespace stampede::gateway
