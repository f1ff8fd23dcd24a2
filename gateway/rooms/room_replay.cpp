// The registry's side of replays: who catches up gets turns while there is something to give, and
// one lookup a room is made for all who wait.
#include "gateway/rooms/room_registry.h"

namespace stampede::gateway {

void RoomRegistry::catch_up(Room& room, const Pending& pending, Seq last) {
  if (room.catch_up == nullptr) {
    CatchUp::Options replay = options_.replay;
    // The room's position may be ahead of what is stored, for as long as storing may take.
    if (room.store_first) replay.patience = options_.store_first_patience;
    room.catch_up = std::make_unique<CatchUp>(replay);
  }
  room.catch_up->add(pending.member.session, *pending.subscriber, pending.replay, pending.live,
                     last, clock_.now());
  schedule_turn(pending.member.room, room, Milliseconds(0));
}

/// Posted, because a turn may end a subscription's waiting and its session then does what it likes.
void RoomRegistry::schedule_turn(const RoomName& name, Room& room, Milliseconds delay) {
  if (room.turn_scheduled) return;
  room.turn_scheduled = true;
  Task turn = [this, name, id = room.id] { take_turn(name, id); };
  if (delay == Milliseconds(0)) {
    on_.post(std::move(turn));
  } else {
    on_.post_after(delay, std::move(turn));
  }
}

void RoomRegistry::take_turn(const RoomName& name, std::uint64_t id) {
  Room* const room = find(name, id);
  if (room == nullptr) return;
  room->turn_scheduled = false;
  if (room->catch_up == nullptr) return;
  CatchUp& all = *room->catch_up;
  auto done = all.turn(room->ring, room->order.last(), clock_.now());
  const CatchUp::Counts counts = all.take_counts();
  replayed_ring_.add(static_cast<double>(counts.ring));
  replayed_recent_.add(static_cast<double>(counts.recent));
  replayed_history_.add(static_cast<double>(counts.history));
  look_up(name, *room);
  if (all.again() == CatchUp::Again::kAtOnce) schedule_turn(name, *room, Milliseconds(0));
  if (all.again() == CatchUp::Again::kSoon) schedule_turn(name, *room, options_.replay_pause);
  if (all.empty()) room->catch_up.reset();
  // All have joined before anyone is told: what is told may change anything.
  for (const CatchUp::Done& one : done) {
    if (one.joins) room->audience.add(*one.subscriber);
  }
  for (CatchUp::Done& one : done) end_catch_up(name, id, std::move(one));
}

void RoomRegistry::end_catch_up(const RoomName& name, std::uint64_t id, CatchUp::Done done) {
  if (!done.live) return;
  if (!done.outcome) {
    Room* const room = find(name, id);
    if (room != nullptr) {
      forget_subscription(*room, name, done.session, *done.subscriber, Leaving::kAtOnce);
    }
  } else if (!done.outcome->recovered) {
    unrecovered_.add();
  }
  done.live(done.outcome);
}

void RoomRegistry::look_up(const RoomName& name, Room& room) {
  auto query = room.catch_up->next_lookup(name, clock_.now());
  if (!query) return;
  backlog_.find(
      *std::move(query),
      Reply<Backlog::FoundRef>(on_, [this, name, id = room.id](const Backlog::FoundRef& found) {
        on_found(name, id, found);
      }));
}

void RoomRegistry::on_found(const RoomName& name, std::uint64_t id,
                            const Backlog::FoundRef& found) {
  Room* const room = find(name, id);
  if (room == nullptr) return;
  if (found->from != Backlog::kNothing) room->ring.prepend(found->messages, found->from);
  if (room->catch_up == nullptr) return;
  room->catch_up->on_found(found, room->ring, clock_.now());
  schedule_turn(name, *room, Milliseconds(0));
}

}  // namespace stampede::gateway
