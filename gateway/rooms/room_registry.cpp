// Membership and delivery of one shard's rooms. Answers of the dispatcher and the directory come
// back later, so each names the room's id and a ticket: what has gone meanwhile is not found any
// more.
#include "gateway/rooms/room_registry.h"

#include <algorithm>

#include "shared/base/log.h"

namespace stampede::gateway {
namespace {

constexpr const char* kHealed = "stampede_gateway_healed_total";
constexpr const char* kHealedHelp = "Missing messages found elsewhere.";
constexpr const char* kReplayed = "stampede_gateway_replayed_total";
constexpr const char* kReplayedHelp =
    "MESSAGE frames of before their subscription, by where found.";

}  // namespace

RoomRegistry::RoomRegistry(Executor& on, const Clock& clock, Options options,
                           RoomDirectory& directory, Presence& presence, Backlog& backlog,
                           Dispatcher& dispatcher, LocalFanout& fanout, Metrics& metrics)
    : on_(on),
      clock_(clock),
      options_(std::move(options)),
      directory_(directory),
      presence_(presence),
      backlog_(backlog),
      dispatcher_(dispatcher),
      fanout_(fanout),
      shard_(fanout.attach(on, [this](std::vector<MessageRef> b) { deliver(std::move(b)); })),
      changes_(
          on, [this](std::vector<Enter> run) { enter(std::move(run)); },
          [this](std::vector<Member> run) { directory_.leave(std::move(run)); }),
      rooms_gauge_(metrics.gauge("stampede_gateway_rooms",
                                 "Rooms with members, counted once on each shard that has some.")),
      subscriptions_gauge_(
          metrics.gauge("stampede_gateway_subscriptions", "Subscriptions of local sessions.")),
      leaving_gauge_(metrics.gauge("stampede_gateway_leaving_members",
                                   "Members whose connection ended, and who may be back.")),
      left_early_(metrics.counter("stampede_gateway_left_early_total",
                                  "Members who left before the grace was over: too many were in "
                                  "theirs.")),
      delivered_(metrics.counter("stampede_gateway_delivered_total",
                                 "MESSAGE frames queued to local members.")),
      held_(metrics.counter("stampede_gateway_held_total",
                            "Messages that came before their predecessor and waited for it.")),
      stale_(metrics.counter("stampede_gateway_stale_total",
                             "Messages dropped because their position was already delivered.")),
      ephemeral_dropped_(
          metrics.counter("stampede_gateway_ephemeral_dropped_total",
                          "Ephemeral messages not given to a member who has too much waiting.")),
      presence_events_(metrics.counter("stampede_gateway_presence_events_total",
                                       "MESSAGE frames about presence queued to local members.")),
      presence_refreshes_(metrics.counter(
          "stampede_gateway_presence_refreshes_total",
          "Times that all who watch a room got its users anew, because events were missing.")),
      healed_recent_(metrics.counter(kHealed, kHealedHelp, {{"source", "recent"}})),
      healed_history_(metrics.counter(kHealed, kHealedHelp, {{"source", "history"}})),
      unhealed_(metrics.counter("stampede_gateway_unhealed_total",
                                "Gaps that could not be closed and were delivered around.")),
      behind_(metrics.counter("stampede_gateway_behind_total",
                              "Times that a room was found behind the directory.")),
      replayed_ring_(metrics.counter(kReplayed, kReplayedHelp, {{"source", "ring"}})),
      replayed_recent_(metrics.counter(kReplayed, kReplayedHelp, {{"source", "recent"}})),
      replayed_history_(metrics.counter(kReplayed, kReplayedHelp, {{"source", "history"}})),
      unrecovered_(metrics.counter("stampede_gateway_unrecovered_total",
                                   "Replays that could not give everything asked for.")) {}

void RoomRegistry::subscribe(Member member, Subscriber& subscriber, Live live, Replay replay) {
  const RoomName name = member.room;
  Room& room = open_room(name);
  if (options_.capacity) member.capacity = options_.capacity(name);
  if (subscriber.watches_presence()) watch(name, room);
  ++room.subscriptions[member.session];
  subscriptions_gauge_.add(1);
  const std::uint64_t ticket = next_id_++;
  if (room.bound) changes_.enter({room.id, ticket, member});
  room.pending.emplace(ticket,
                       Pending{std::move(member), &subscriber, std::move(live), replay, {}});
}

void RoomRegistry::unsubscribe(const RoomName& name, const SessionId& session,
                               Subscriber& subscriber, Leaving how) {
  const auto entry = rooms_.find(name);
  if (entry == rooms_.end()) return;
  Room& room = entry->second;
  const auto pending = std::find_if(room.pending.begin(), room.pending.end(), [&](const auto& p) {
    return p.second.subscriber == &subscriber;
  });
  if (pending != room.pending.end()) {
    room.pending.erase(pending);
  } else if (room.catch_up == nullptr || !room.catch_up->remove(subscriber)) {
    room.audience.remove(subscriber);
  }
  forget_subscription(room, name, session, subscriber, how);
}

void RoomRegistry::forget_subscription(Room& room, const RoomName& name, const SessionId& session,
                                       const Subscriber& subscriber, Leaving how) {
  subscriptions_gauge_.add(-1);
  if (subscriber.watches_presence()) unwatch(name, room);
  const auto count = room.subscriptions.find(session);
  if (--count->second == 0) {
    room.subscriptions.erase(count);
    Member member{name, session, UserId(), 0};
    if (room.bound && how == Leaving::kWithGrace) {
      leave_later(std::move(member));
    } else if (room.bound) {
      changes_.leave(std::move(member));
    }
  }
  if (room.subscriptions.empty()) close_room(name);
}

/// A page that is loaded anew is another session, here or elsewhere: it comes before this one goes,
/// and so its user never leaves.
void RoomRegistry::leave_later(Member member) {
  if (leaving_.empty()) on_.post_after(options_.presence_grace, [this] { leave_due(); });
  leaving_.emplace_back(clock_.now() + options_.presence_grace, std::move(member));
  leaving_gauge_.add(1);
  if (leaving_.size() <= options_.most_leaving) return;
  left_early_.add();
  leave_oldest();
}

void RoomRegistry::leave_oldest() {
  changes_.leave(std::move(leaving_.front().second));
  leaving_.pop_front();
  leaving_gauge_.add(-1);
}

void RoomRegistry::leave_due() {
  const auto now = clock_.now();
  while (!leaving_.empty() && leaving_.front().first <= now) {
    leave_oldest();
  }
  if (leaving_.empty()) return;
  on_.post_after(std::chrono::ceil<Milliseconds>(leaving_.front().first - now),
                 [this] { leave_due(); });
}

Seq RoomRegistry::highest(const RoomName& name) const {
  const auto entry = rooms_.find(name);
  return entry == rooms_.end() ? kNoSeq : entry->second.order.highest();
}

RoomRegistry::Room& RoomRegistry::open_room(const RoomName& name) {
  auto [entry, created] = rooms_.try_emplace(name, options_.ring);
  Room& room = entry->second;
  if (!created) return room;
  room.id = next_id_++;
  room.store_first = any_matches(options_.store_first, name.str());
  schedule_comparison();
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
    for (const auto& [ticket, p] : room->pending) changes_.enter({id, ticket, p.member});
    return;
  }
  while (Room* const still = find(name, id)) {
    fail(name, *still, still->pending.begin()->first, result.error());
  }
}

void RoomRegistry::enter(std::vector<Enter> run) {
  std::vector<Member> members;
  members.reserve(run.size());
  for (const Enter& one : run) members.push_back(one.member);
  directory_.enter(std::move(members),
                   Reply<std::vector<Result<Seq>>>(
                       on_, [this, run = std::move(run)](const std::vector<Result<Seq>>& results) {
                         on_entered(run, results);
                       }));
}

void RoomRegistry::on_entered(const std::vector<Enter>& run,
                              const std::vector<Result<Seq>>& results) {
  for (std::size_t i = 0; i < run.size(); ++i) {
    const Result<Seq>& last = results[i];
    const RoomName& name = run[i].member.room;
    Room* const room = find(name, run[i].room_id);
    if (room == nullptr) continue;
    const auto pending = room->pending.find(run[i].ticket);
    if (pending == room->pending.end()) continue;  // unsubscribed meanwhile
    if (!last) {
      fail(name, *room, run[i].ticket, last.error());
      continue;
    }
    if (pending->second.subscriber->watches_presence()) {
      await_users(name, *room, pending->second, *last);
      continue;
    }
    const Pending entered = std::move(pending->second);
    room->pending.erase(pending);
    go_live(*room, entered, *last);
  }
}

void RoomRegistry::go_live(Room& room, const Pending& pending, Seq last) {
  const RoomName name = pending.member.room;
  const std::uint64_t id = room.id;
  std::vector<MessageRef> released;
  const Seq position = room.order.is_open() ? room.order.last() : last;
  if (!room.order.is_open()) {
    room.order.open(last, released);
    room.ring.restart(position);
  }
  if (pending.replay.asked()) {
    catch_up(room, pending, position);
  } else {
    room.audience.add(*pending.subscriber);
    pending.live(Started{position});
  }
  // The session may have done anything in there, unsubscribing included.
  Room* const still = find(name, id);
  if (still == nullptr) return;
  // Sequenced after the position just told, so they belong to this member too.
  hand_out(name, *still, released);
  watch_gap(name, *still);
}

void RoomRegistry::fail(const RoomName& name, Room& room, std::uint64_t ticket,
                        const Error& error) {
  const auto pending = room.pending.find(ticket);
  Pending failed = std::move(pending->second);
  room.pending.erase(pending);
  forget_subscription(room, name, failed.member.session, *failed.subscriber, Leaving::kAtOnce);
  failed.live(error);
}

void RoomRegistry::deliver(std::vector<MessageRef> batch) {
  for (auto first = batch.begin(); first != batch.end();) {
    const auto last = std::find_if(first, batch.end(), [&](const MessageRef& message) {
      return message->room != (*first)->room;
    });
    const auto entry = rooms_.find((*first)->room);
    if (entry != rooms_.end()) deliver_run(entry->first, entry->second, {first, last});
    first = last;
  }
}

/// Messages of one room.
void RoomRegistry::deliver_run(const RoomName& name, Room& room, std::span<MessageRef> run) {
  // What may be handed out waits for its successors in the run, but not beyond what is not ordered.
  out_.clear();
  for (MessageRef& message : run) {
    if (!is_chat(*message)) {
      hand_out(name, room, out_);
      out_.clear();
    }
    if (message->kind == MessageKind::kPresence) {
      on_presence(name, room, std::move(message));
    } else if (!is_chat(*message)) {
      hand_out_live(room, message);
    } else {
      take_in(name, room, std::move(message));
    }
  }
  hand_out(name, room, out_);
  out_.clear();
}

/// What may go out now is added to out_.
void RoomRegistry::take_in(const RoomName& name, Room& room, MessageRef message) {
  if (message->kind == MessageKind::kStoreFirst) room.store_first = true;
  switch (room.order.offer(std::move(message), clock_.now(), out_)) {
    case RoomOrder::Verdict::kDelivered:
    case RoomOrder::Verdict::kUnsequenced: break;
    case RoomOrder::Verdict::kHeld:
      held_.add();
      watch_gap(name, room);
      break;
    case RoomOrder::Verdict::kStale: stale_.add(); break;
  }
}

/// What has no place in the room: neither order nor ring knows of it, and who is still catching up
/// does without.
void RoomRegistry::hand_out_live(Room& room, const MessageRef& message) {
  std::size_t given = room.audience.deliver_where_room(message);
  const std::size_t dropped = room.audience.size() - given;
  if (room.catch_up != nullptr) given += room.catch_up->deliver_unsequenced(message);
  if (given > 0) delivered_.add(static_cast<double>(given));
  if (dropped > 0) ephemeral_dropped_.add(static_cast<double>(dropped));
}

void RoomRegistry::hand_out(const RoomName& name, Room& room,
                            const std::vector<MessageRef>& messages) {
  if (messages.empty()) return;
  std::size_t count =
      room.gap_passed ? hand_out_after_gap(room, messages) : room.audience.deliver(messages);
  for (const MessageRef& message : messages) {
    if (message->position.seq == kNoSeq && room.catch_up != nullptr) {
      count += room.catch_up->deliver_unsequenced(message);
    }
    room.ring.append(message);
  }
  if (count > 0) delivered_.add(static_cast<double>(count));
  if (room.catch_up != nullptr) schedule_turn(name, room, Milliseconds(0));
}

/// The first that has a position says that something is missing before it.
std::size_t RoomRegistry::hand_out_after_gap(Room& room, std::vector<MessageRef> messages) {
  const auto first = std::find_if(messages.begin(), messages.end(), [](const MessageRef& message) {
    return message->position.seq != kNoSeq;
  });
  if (first != messages.end()) {
    room.gap_passed = false;
    *first = with_header(**first, {"recovered", "false"});
  }
  return room.audience.deliver(messages);
}

}  // namespace stampede::gateway
