// Each subscription has a cursor, and nothing is queued for it: what it has not got yet stands in
// the ring or in the answer of a lookup, which all who wait share.
#include "gateway/rooms/catch_up.h"

#include <algorithm>
#include <utility>

#include "gateway/session/frames.h"

namespace stampede::gateway {
namespace {

bool same_frames(const Subscriber& a, const Subscriber& b) {
  return a.version() == b.version() && a.id() == b.id();
}

auto after(const std::vector<MessageRef>& messages, Seq since) {
  return std::upper_bound(
      messages.begin(), messages.end(), since,
      [](Seq seq, const MessageRef& message) { return seq < message->position.seq; });
}

auto with_id(const MessageId& id) {
  return [&id](const MessageRef& message) { return message->id == id; };
}

}  // namespace

void CatchUp::add(const SessionId& session, Subscriber& subscriber, const Replay& replay, Live live,
                  Seq last, Clock::Instant now) {
  Entry entry;
  entry.session = session;
  entry.subscriber = &subscriber;
  entry.replay = replay;
  entry.live = std::move(live);
  entry.cursor = replay.since;
  entry.ask_first = replay.since && *replay.since > last;
  entry.moved = now;
  entries_.push_back(std::move(entry));
}

bool CatchUp::remove(const Subscriber& subscriber) {
  return std::erase_if(entries_, [&](const Entry& e) { return e.subscriber == &subscriber; }) > 0;
}

std::vector<CatchUp::Done> CatchUp::turn(const RoomRing& ring, Seq last, Clock::Instant now) {
  std::vector<Done> out;
  again_ = Again::kNo;
  const std::size_t before = counts_.ring + counts_.recent + counts_.history;
  const auto delivered = [&] { return counts_.ring + counts_.recent + counts_.history - before; };
  std::vector<const Subscriber*> gone;
  const std::size_t count = entries_.size();
  for (std::size_t i = 0; i < count && delivered() < kTurn; ++i) {
    if (next_ >= count) next_ = 0;
    Entry& entry = entries_[next_++];
    const Step step = visit(entry, ring, last, now);
    if (step == Step::kMore) again_ = Again::kAtOnce;
    if (step == Step::kWaits && again_ == Again::kNo && now < entry.not_before) {
      again_ = Again::kSoon;
    }
    if (step == Step::kFull && !entry.told && now - entry.moved >= options_.stall) {
      gone.push_back(entry.subscriber);
      out.push_back({entry.session, entry.subscriber, std::move(entry.live),
                     Error(Errc::kOverloaded, "the client has taken nothing of its replay for " +
                                                  std::to_string(options_.stall.count()) + " ms"),
                     false});
    } else if (step == Step::kFull && again_ == Again::kNo) {
      again_ = Again::kSoon;
    }
    if (step != Step::kDone) continue;
    const bool joins = *entry.cursor <= last;
    if (!joins && entry.told) continue;
    Started started{std::max(last, *entry.cursor), entry.recovered, entry.oldest};
    out.push_back({entry.session, entry.subscriber, entry.told ? Live() : std::move(entry.live),
                   started, joins});
    entry.told = true;
    if (joins) gone.push_back(entry.subscriber);
  }
  if (delivered() >= kTurn) again_ = Again::kAtOnce;
  std::sort(gone.begin(), gone.end());
  std::erase_if(entries_, [&](const Entry& e) {
    return std::binary_search(gone.begin(), gone.end(), e.subscriber);
  });
  shown_.clear();
  return out;
}

/// Takes the entry as far as it goes now.
CatchUp::Step CatchUp::visit(Entry& entry, const RoomRing& ring, Seq last, Clock::Instant now) {
  if (!place(entry, ring, last)) return Step::kWaits;
  std::size_t sent = 0;
  if (entry.found != nullptr) {
    const auto& messages = entry.found->messages;
    const auto from = after(messages, *entry.cursor);
    const auto recent = messages.begin() + static_cast<std::ptrdiff_t>(entry.found->from_history);
    const std::size_t older = from < recent ? send(entry, from, recent, now) : 0;
    counts_.history += older;
    sent = older;
    if (const auto next = after(messages, *entry.cursor); next >= recent) {
      const std::size_t newer = send(entry, next, messages.end(), now);
      counts_.recent += newer;
      sent += newer;
    }
    if (after(messages, *entry.cursor) != messages.end()) {
      return sent > 0 && entry.subscriber->has_room() ? Step::kMore : Step::kFull;
    }
    entry.found = nullptr;
    entry.ask_first = false;
  }
  if (entry.ask_first || !ring.covers(*entry.cursor)) {
    entry.waits = true;
    return Step::kWaits;
  }
  counts_.ring += send(entry, ring.after(*entry.cursor), ring.messages().end(), now);
  if (ring.after(*entry.cursor) == ring.messages().end()) {
    return give_unsequenced(entry, now) ? Step::kDone : Step::kFull;
  }
  return entry.subscriber->has_room() ? Step::kMore : Step::kFull;
}

/// Finds out where the newest messages begin; false while that is not known.
bool CatchUp::place(Entry& entry, const RoomRing& ring, Seq last) {
  if (entry.waits) return false;
  if (entry.cursor) return true;
  const std::size_t wanted = entry.replay.newest;
  const auto& kept = ring.messages();
  if (kept.size() >= wanted) {
    const std::size_t skipped = kept.size() - wanted;
    entry.cursor = skipped == 0 ? ring.from() : kept[skipped - 1]->position.seq;
    return true;
  }
  if (entry.found == nullptr) {
    entry.waits = true;
    return false;
  }
  const auto& messages = entry.found->messages;
  const std::size_t skipped = messages.size() > wanted ? messages.size() - wanted : 0;
  entry.recovered = messages.size() >= wanted || entry.found->from == kNoSeq;
  entry.cursor = messages.empty() ? last : messages[skipped]->position.seq - 1;
  return true;
}

template <class Iterator>
std::size_t CatchUp::send(Entry& entry, Iterator next, Iterator end, Clock::Instant now) {
  std::size_t sent = 0;
  for (; next != end && sent < kVisit && entry.subscriber->has_room(); ++next, ++sent) {
    give(entry, *next);
    std::erase_if(entry.unsequenced, with_id((*next)->id));  // history may have it too
    entry.cursor = (*next)->position.seq;
    entry.moved = now;
    if (!entry.recovered && entry.oldest == kNoSeq) entry.oldest = *entry.cursor;
  }
  return sent;
}

void CatchUp::give(Entry& entry, const MessageRef& message) {
  Subscriber& to = *entry.subscriber;
  if (entry.told && !std::exchange(entry.gap_untold, false)) return to.give(message);
  if (entry.told) return to.give(with_header(*message, {"recovered", "false"}));
  Shown& shown = shown_[message.get()];
  if (shown.message == nullptr) {
    shown = {message, with_header(*message, {"replay", "true"}), {}};
  }
  if (to.individual()) return to.deliver_individually(shown.message);
  const auto found = std::find_if(shown.frames.begin(), shown.frames.end(),
                                  [&](const auto& one) { return same_frames(*one.first, to); });
  if (found != shown.frames.end()) return to.deliver(found->second);
  shown.frames.emplace_back(&to, message_frame(to.version(), to.id(), *shown.message));
  to.deliver(shown.frames.back().second);
}

/// Whether all of it went out.
bool CatchUp::give_unsequenced(Entry& entry, Clock::Instant now) {
  auto& kept = entry.unsequenced;
  auto next = kept.begin();
  for (; next != kept.end() && entry.subscriber->has_room(); ++next) {
    give(entry, *next);
    entry.moved = now;
  }
  kept.erase(kept.begin(), next);
  return kept.empty();
}

void CatchUp::keep_unsequenced(Entry& entry, const MessageRef& message) {
  if (entry.unsequenced.size() < kMostUnsequenced) return entry.unsequenced.push_back(message);
  entry.recovered = false;
}

std::size_t CatchUp::deliver_unsequenced(const MessageRef& message) {
  std::size_t count = 0;
  for (Entry& entry : entries_) {
    if (!entry.told) {
      if (is_chat(*message)) keep_unsequenced(entry, message);
      continue;
    }
    if (!is_chat(*message) && !entry.subscriber->has_room()) continue;
    entry.subscriber->give(message);
    ++count;
  }
  return count;
}

std::size_t CatchUp::deliver_to_watchers(const MessageRef& message) {
  std::size_t count = 0;
  for (Entry& entry : entries_) {
    if (!entry.subscriber->watches_presence()) continue;
    entry.subscriber->give(message);
    ++count;
  }
  return count;
}

/// One kind at a time: whoever has a position waits for the oldest of those positions, the others
/// for the largest number of newest messages.
std::optional<Backlog::Query> CatchUp::next_lookup(const RoomName& room, Clock::Instant now) {
  if (looking_) return std::nullopt;
  std::optional<Seq> oldest;
  std::size_t newest = 0;
  for (const Entry& entry : entries_) {
    if (!entry.waits || now < entry.not_before) continue;
    if (entry.cursor) oldest = std::min(oldest.value_or(*entry.cursor), *entry.cursor);
    if (!entry.cursor) newest = std::max(newest, entry.replay.newest);
  }
  if (!oldest && newest == 0) return std::nullopt;
  looking_ = true;
  if (oldest) return Backlog::Query{room, *oldest, options_.limit};
  return Backlog::Query{room, kNoSeq, newest};
}

void CatchUp::on_found(const Backlog::FoundRef& found, const RoomRing& ring, Clock::Instant now) {
  looking_ = false;
  for (Entry& entry : entries_) {
    if (entry.waits) use(entry, found, ring, now);
  }
}

void CatchUp::use(Entry& entry, const Backlog::FoundRef& found, const RoomRing& ring,
                  Clock::Instant now) {
  const bool goes_on =
      entry.cursor && (after(found->messages, *entry.cursor) != found->messages.end() ||
                       ring.covers(*entry.cursor));
  // A lookup for positions need not go back far enough for those who want the newest.
  const bool whole = entry.cursor
                         ? found->from <= *entry.cursor && goes_on
                         : found->from == kNoSeq || found->messages.size() >= entry.replay.newest;
  if (!whole && !found->cut && repeats(entry, now)) return;
  entry.waits = false;
  entry.found = found;
  entry.failing_since.reset();
  if (whole || !entry.cursor) return;
  entry.recovered = false;
  entry.gap_untold = entry.told;
  entry.ask_first = false;
  // The gap is passed over. Without anything found the ring's beginning is what is left.
  if (!goes_on) entry.cursor = std::max(*entry.cursor, ring.from());
}

/// What was sequenced a moment ago may not be stored yet.
bool CatchUp::repeats(Entry& entry, Clock::Instant now) const {
  if (!entry.failing_since) entry.failing_since = now;
  if (now - *entry.failing_since >= options_.patience) return false;
  entry.not_before = now + options_.pause;
  return true;
}

}  // namespace stampede::gateway
