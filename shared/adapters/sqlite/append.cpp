// SQLite undoes a failed statement by itself and keeps the transaction, so rows are inserted one by
// one and a refused one needs no search.
#include "shared/adapters/sqlite/append.h"

#include <algorithm>

#include "shared/base/log.h"
#include "shared/model/header_block.h"

namespace stampede::sqlite {
namespace {

std::string_view bytes_of(const MessageId& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

void note_conflict(const Message& message) {
  log_error("two messages claim one position; storing the later one at a new one",
            {{"room", message.room.str()},
             {"seq", message.position.seq},
             {"id", to_string(message.id)},
             {"origin", message.origin.str()}});
}

}  // namespace

Appender::Appender(Database& database, const Clock& clock, Counter conflicts, Statements statements)
    : database_(&database), clock_(&clock), conflicts_(conflicts), sql_(std::move(statements)) {}

Result<Appender> Appender::make(Database& database, const Clock& clock, Counter conflicts) {
  auto begin = database.prepare("BEGIN IMMEDIATE");
  if (!begin) return begin.error();
  auto commit = database.prepare("COMMIT");
  if (!commit) return commit.error();
  auto insert = database.prepare(
      "INSERT INTO messages (room, seq, prev, id, sender, origin, sent_at_ms, key, content_type,"
      " headers, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
  if (!insert) return insert.error();
  auto find = database.prepare("SELECT 1 FROM messages WHERE id = ?");
  if (!find) return find.error();
  auto last = database.prepare("SELECT coalesce(max(seq), 0) FROM messages WHERE room = ?");
  if (!last) return last.error();
  return Appender(database, clock, conflicts,
                  {*std::move(begin), *std::move(commit), *std::move(insert), *std::move(find),
                   *std::move(last)});
}

Result<AppendOutcome> Appender::append(const std::vector<MessageRef>& batch) {
  AppendOutcome outcome;
  auto done = sql_.begin.run();
  if (!done) return done.error();
  done = store_all(batch, outcome);
  if (done) done = sql_.commit.run();
  if (done) return outcome;
  // A full disk, for one, has ended the transaction already.
  if (database_->in_transaction()) (void)database_->run("ROLLBACK");
  return done.error();
}

Result<void> Appender::store_all(const std::vector<MessageRef>& batch, AppendOutcome& outcome) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto done = store(*batch[i], outcome);
    if (done) continue;
    if (!done.error().is(Errc::kInvalidArgument)) return done;
    outcome.refused.push_back({i, done.error().detail});
  }
  return {};
}

Result<void> Appender::store(const Message& message, AppendOutcome& outcome) {
  const bool placed = message.position.seq != kNoSeq;
  if (placed) {
    const auto inserted = insert(message, message.position);
    if (!inserted) return inserted.error();
    if (*inserted) {
      ++outcome.inserted;
      return {};
    }
  }
  const auto known = is_stored(message.id);
  if (!known) return known.error();
  if (*known) {
    ++outcome.duplicates;
    return {};
  }
  if (placed) {
    conflicts_.add();
    note_conflict(message);
  }
  const auto seq = new_position(message.room);
  if (!seq) return seq.error();
  const auto inserted = insert(message, {*seq, kNoSeq});
  if (!inserted) return inserted.error();
  ++(placed ? outcome.moved : outcome.inserted);
  return {};
}

Result<bool> Appender::insert(const Message& message, Position position) {
  const std::string headers = encode_header_block(message.headers);
  sql_.insert.reset();
  sql_.insert.bind_text(1, message.room.str());
  sql_.insert.bind(2, position.seq);
  sql_.insert.bind(3, position.prev);
  sql_.insert.bind_blob(4, bytes_of(message.id));
  sql_.insert.bind_text(5, message.sender.str());
  sql_.insert.bind_text(6, message.origin.str());
  sql_.insert.bind(7, message.timestamp_ms);
  sql_.insert.bind_blob(8, message.key);
  sql_.insert.bind_blob(9, message.content_type);
  sql_.insert.bind_blob(10, headers);
  sql_.insert.bind_blob(11, message.body);
  auto stepped = sql_.insert.step();
  sql_.insert.reset();
  if (!stepped) return stepped.error();
  return database_->changes() == 1;
}

Result<bool> Appender::is_stored(const MessageId& id) {
  sql_.find.reset();
  sql_.find.bind_blob(1, bytes_of(id));
  auto found = sql_.find.step();
  sql_.find.reset();
  return found;
}

Result<Seq> Appender::new_position(const RoomName& room) {
  sql_.last.reset();
  sql_.last.bind_text(1, room.str());
  auto found = sql_.last.step();
  if (!found) return found.error();
  const Seq last = sql_.last.int64(0);
  sql_.last.reset();
  return std::max<Seq>(last + 1, clock_->wall().count());
}

}  // namespace stampede::sqlite
