// Newest first: the recent list, then pages of history, each joined to what is found by the chain
// prev -> seq, until the position asked for is reached.
#include "gateway/rooms/backlog.h"

#include <algorithm>

#include "shared/base/log.h"

namespace stampede::gateway {
namespace {

constexpr const char* kLookups = "stampede_gateway_backlog_lookups_total";
constexpr const char* kLookupsHelp = "Times that missed messages of a room were asked for.";

std::size_t size_of(const std::vector<MessageRef>& messages) {
  std::size_t bytes = 0;
  for (const MessageRef& message : messages) bytes += message->body.size();
  return bytes;
}

}  // namespace

Backlog::Backlog(Executor& on, const Clock& clock, Options options, RoomDirectory& directory,
                 History* history, Metrics& metrics)
    : on_(on),
      clock_(clock),
      options_(options),
      directory_(directory),
      history_(history),
      recent_lookups_(metrics.counter(kLookups, kLookupsHelp, {{"source", "recent"}})),
      history_lookups_(metrics.counter(kLookups, kLookupsHelp, {{"source", "history"}})),
      failures_(metrics.counter("stampede_gateway_backlog_failures_total",
                                "Lookups of missed messages that were not answered.")) {}

void Backlog::find(Query query, Reply<FoundRef> found) {
  on_.post([this, query = std::move(query), found = std::move(found)] {
    Job& job = jobs_[query.room];
    job.askers.push_back({query, found});
    if (job.askers.size() > 1) return;  // the room has its turn already, or waits for it
    if (running_ < options_.rooms_at_once) {
      start(query.room);
    } else {
      waiting_.push_back(query.room);
    }
  });
}

void Backlog::start(const RoomName& room) {
  ++running_;
  Job& job = jobs_.at(room);
  job.running = true;
  read_recent(room, job);
}

void Backlog::read_recent(const RoomName& room, Job& job) {
  job.found = {};
  job.prev.reset();
  job.bytes = 0;
  job.started = clock_.now();
  const Query& query = job.askers.front().query;
  recent_lookups_.add();
  directory_.recent(room, query.after, query.limit,
                    Reply<Result<std::vector<MessageRef>>>(
                        on_, [this, room](const Result<std::vector<MessageRef>>& recent) {
                          on_recent(room, recent);
                        }));
}

void Backlog::on_recent(const RoomName& room, const Result<std::vector<MessageRef>>& recent) {
  Job& job = jobs_.at(room);
  if (recent) {
    // The recent list has what is sequenced, stored or not.
    const bool store_first = std::any_of(
        recent->begin(), recent->end(),
        [](const MessageRef& message) { return message->kind == MessageKind::kStoreFirst; });
    if (!store_first) join(job, *recent, Source::kRecent);
  } else {
    failures_.add();
  }
  go_on(room);
}

void Backlog::go_on(const RoomName& room) {
  Job& job = jobs_.at(room);
  if (enough(job)) return finish(room);
  const Query& query = job.askers.front().query;
  PageQuery page;
  page.room = room;
  if (!job.found.messages.empty()) page.before = job.found.messages.front()->position.seq;
  page.limit = std::min(kMaxPageMessages, query.limit - job.found.messages.size());
  history_lookups_.add();
  history_->page(std::move(page), Reply<Result<Page>>(on_, [this, room](const Result<Page>& found) {
                   on_page(room, found);
                 }));
}

bool Backlog::enough(Job& job) const {
  const Query& query = job.askers.front().query;
  Found& found = job.found;
  if (!found.messages.empty()) {
    const Seq prev = job.prev.value_or(kNoSeq);
    // 0 = the directory knows none before it, which only the history can confirm.
    found.from = prev != kNoSeq ? prev : found.messages.front()->position.seq - 1;
    if (prev == kNoSeq && history_ == nullptr) found.from = kNoSeq;
  }
  if (found.from <= query.after) return true;
  found.cut = found.messages.size() >= query.limit || job.bytes >= options_.max_bytes;
  return found.cut || history_ == nullptr || clock_.now() - job.started >= options_.patience;
}

void Backlog::on_page(const RoomName& room, const Result<Page>& page) {
  Job& job = jobs_.at(room);
  if (!page) {
    failures_.add();
    return finish(room);
  }
  const Seq after = job.askers.front().query.after;
  std::vector<MessageRef> wanted = page->messages;
  std::erase_if(wanted, [&](const MessageRef& one) { return one->position.seq <= after; });
  const bool reached = wanted.size() < page->messages.size() || !page->older;
  const std::size_t before = job.found.messages.size();
  const bool joined = join(job, wanted, Source::kHistory);
  job.found.from_history += job.found.messages.size() - before;
  if (!joined) {
    // Not stored yet, or never: the asker may ask again.
    (void)enough(job);
    return finish(room);
  }
  if (!reached) return go_on(room);
  (void)enough(job);
  // Otherwise the history does not go back that far any more.
  if (job.prev.value_or(kNoSeq) <= after) job.found.from = after;
  finish(room);
}

/// What the store placed has no predecessor, and is nobody's either: where it stands between links
/// of the chain it neither closes a gap nor is one.
bool Backlog::join(Job& job, const std::vector<MessageRef>& older, Source source) {
  std::vector<MessageRef>& found = job.found.messages;
  auto first = older.end();
  for (; first != older.begin(); --first) {
    const Position position = (*std::prev(first))->position;
    if (job.prev && *job.prev > position.seq) break;
    const bool placed =
        source == Source::kHistory && position.prev == kNoSeq && job.prev != position.seq;
    if (!placed) job.prev = position.prev;
  }
  const bool whole =
      first == older.begin() && (!older.empty() || job.prev.value_or(kNoSeq) == kNoSeq);
  found.insert(found.begin(), first, older.end());
  job.bytes += size_of(older);
  return whole;
}

void Backlog::finish(const RoomName& room) {
  Job& job = jobs_.at(room);
  answer(job);
  if (!job.askers.empty()) return read_recent(room, job);
  jobs_.erase(room);
  --running_;
  if (waiting_.empty()) return;
  const RoomName next = std::move(waiting_.front());
  waiting_.pop_front();
  start(next);
}

/// The first asker's answer, and everyone's who asked for no more.
void Backlog::answer(Job& job) const {
  const Query first = job.askers.front().query;
  const auto found = std::make_shared<const Found>(std::move(job.found));
  std::erase_if(job.askers, [&](const Asker& asker) {
    const Query& query = asker.query;
    if (query.after < first.after || query.limit > first.limit) return false;
    asker.found(found);
    return true;
  });
}

}  // namespace stampede::gateway
