// One INSERT per batch, outside a transaction: the usual batch is new and is done in one round trip
// with one commit. Only when fewer rows were inserted than given is it worth asking why; whatever
// goes wrong then, the batch can be given again.
#include "shared/adapters/postgres/append.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>
#include <unordered_set>

#include "shared/adapters/postgres/array.h"
#include "shared/base/log.h"
#include "shared/model/header_block.h"

namespace stampede::postgres {
namespace {

constexpr const char* kInsert = "insert";
constexpr const char* kPlace = "place";
constexpr const char* kStored = "stored";

#define STAMPEDE_COLUMNS \
  "room, seq, prev, id, sender, origin, sent_at_ms, key, content_type, headers, body"
#define STAMPEDE_ARRAYS                                                     \
  "$1::text[], $2::int8[], $3::int8[], $4::uuid[], $5::text[], $6::text[]," \
  " $7::int8[], $8::bytea[], $9::bytea[], $10::bytea[], $11::bytea[]"

constexpr const char* kInsertSql =
    "INSERT INTO messages (" STAMPEDE_COLUMNS ") SELECT * FROM unnest(" STAMPEDE_ARRAYS
    ") ON CONFLICT DO NOTHING";

// Two writers may choose the same position; the later one then inserts nothing and chooses again.
constexpr const char* kPlaceSql =
    "INSERT INTO messages (" STAMPEDE_COLUMNS
    ") SELECT room,"
    "  greatest(coalesce((SELECT max(m.seq) FROM messages m WHERE m.room = r.room), 0),"
    "           floor(extract(epoch FROM clock_timestamp()) * 1000000)::int8 - 1)"
    "    + row_number() OVER (PARTITION BY room ORDER BY nth),"
    "  0, id, sender, origin, sent_at_ms, key, content_type, headers, body"
    " FROM unnest(" STAMPEDE_ARRAYS ") WITH ORDINALITY AS r(" STAMPEDE_COLUMNS
    ", nth)"
    " WHERE NOT EXISTS (SELECT FROM messages m WHERE m.id = r.id)"
    " ON CONFLICT DO NOTHING";

constexpr const char* kStoredSql = "SELECT id FROM messages WHERE id = ANY($1::uuid[])";

#undef STAMPEDE_COLUMNS
#undef STAMPEDE_ARRAYS

/// Each round of choosing positions fails only where another writer succeeded.
constexpr int kMostRounds = 20;

std::string_view bytes_of(const MessageId& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

/// The parameters of kInsert and kPlace.
class Columns {
 public:
  void add(const Message& message) {
    room_.add(message.room.str());
    seq_.add(message.position.seq);
    prev_.add(message.position.prev);
    id_.add(bytes_of(message.id));
    sender_.add(message.sender.str());
    origin_.add(message.origin.str());
    sent_at_.add(message.timestamp_ms);
    key_.add(message.key);
    content_type_.add(message.content_type);
    headers_.add(encode_header_block(message.headers));
    body_.add(message.body);
  }

  [[nodiscard]] Parameters parameters() const {
    return {room_.data(),         seq_.data(),     prev_.data(),    id_.data(),
            sender_.data(),       origin_.data(),  sent_at_.data(), key_.data(),
            content_type_.data(), headers_.data(), body_.data()};
  }

 private:
  ArrayBuilder room_{ElementType::kText};
  ArrayBuilder seq_{ElementType::kInt8};
  ArrayBuilder prev_{ElementType::kInt8};
  ArrayBuilder id_{ElementType::kUuid};
  ArrayBuilder sender_{ElementType::kText};
  ArrayBuilder origin_{ElementType::kText};
  ArrayBuilder sent_at_{ElementType::kInt8};
  ArrayBuilder key_{ElementType::kBytea};
  ArrayBuilder content_type_{ElementType::kBytea};
  ArrayBuilder headers_{ElementType::kBytea};
  ArrayBuilder body_{ElementType::kBytea};
};

}  // namespace

Result<void> prepare_append(Connection& db) {
  using Statement = std::pair<const char*, const char*>;
  for (const auto& [name, sql] :
       {Statement{kInsert, kInsertSql}, {kPlace, kPlaceSql}, {kStored, kStoredSql}}) {
    if (auto done = db.prepare(name, sql); !done) return done.error();
  }
  return {};
}

Result<AppendOutcome> Append::run() {
  std::vector<std::size_t> rows(batch_.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  const auto unplaced = std::stable_partition(rows.begin(), rows.end(), [&](std::size_t row) {
    return batch_[row]->position.seq != kNoSeq;
  });
  // Every writer inserts in the same order, so that two with the same messages cannot deadlock.
  std::sort(rows.begin(), unplaced, [&](std::size_t a, std::size_t b) {
    return std::tie(batch_[a]->room, batch_[a]->position.seq) <
           std::tie(batch_[b]->room, batch_[b]->position.seq);
  });
  if (auto done = store_at_positions({rows.begin(), unplaced}); !done) return done.error();
  if (auto done = store_at_new_positions(displaced_, outcome_.moved); !done) return done.error();
  if (auto done = store_at_new_positions({unplaced, rows.end()}, outcome_.inserted); !done) {
    return done.error();
  }
  return std::move(outcome_);
}

Result<void> Append::store_at_positions(Indexes rows) {
  if (rows.empty()) return {};
  Columns columns;
  for (const std::size_t row : rows) columns.add(*batch_[row]);
  const auto inserted = db_.execute(kInsert, columns.parameters());
  if (!inserted) {
    return divide(rows, inserted.error(),
                  [this](Indexes half) { return store_at_positions(half); });
  }
  outcome_.inserted += inserted->affected();
  if (inserted->affected() == rows.size()) return {};
  auto missing = not_stored(rows);
  if (!missing) return missing.error();
  outcome_.duplicates += rows.size() - inserted->affected() - missing->size();
  for (const std::size_t row : *missing) note_conflict(row);
  return {};
}

Result<void> Append::store_at_new_positions(Indexes rows, std::size_t& stored) {
  std::vector<std::size_t> left(rows.begin(), rows.end());
  for (int round = 0; round < kMostRounds; ++round) {
    if (left.empty()) return {};
    Columns columns;
    for (const std::size_t row : left) columns.add(*batch_[row]);
    const auto inserted = db_.execute(kPlace, columns.parameters());
    if (!inserted) {
      return divide(left, inserted.error(),
                    [this, &stored](Indexes half) { return store_at_new_positions(half, stored); });
    }
    stored += inserted->affected();
    if (inserted->affected() == left.size()) return {};
    auto missing = not_stored(left);
    if (!missing) return missing.error();
    outcome_.duplicates += left.size() - inserted->affected() - missing->size();
    left = *std::move(missing);
  }
  if (left.empty()) return {};
  return Error(Errc::kUnavailable, "other writers took every position that was chosen");
}

Result<std::vector<std::size_t>> Append::not_stored(Indexes rows) {
  ArrayBuilder ids(ElementType::kUuid);
  for (const std::size_t row : rows) ids.add(bytes_of(batch_[row]->id));
  const auto found = db_.execute(kStored, {ids.data()});
  if (!found) return found.error();
  std::unordered_set<std::string_view> stored;
  for (int row = 0; row < found->count(); ++row) stored.insert(found->bytes(row, 0));
  std::vector<std::size_t> missing;
  for (const std::size_t row : rows) {
    if (!stored.contains(bytes_of(batch_[row]->id))) missing.push_back(row);
  }
  return missing;
}

template <class Store>
Result<void> Append::divide(Indexes rows, const Error& error, Store store) {
  if (!error.is(Errc::kInvalidArgument)) return error;
  if (rows.size() == 1) {
    outcome_.refused.push_back({rows[0], error.detail});
    return {};
  }
  const std::size_t half = rows.size() / 2;
  if (auto done = store(rows.first(half)); !done) return done;
  return store(rows.subspan(half));
}

void Append::note_conflict(std::size_t row) {
  const Message& message = *batch_[row];
  conflicts_.add();
  log_error("two messages claim one position; storing the later one at a new one",
            {{"room", message.room.str()},
             {"seq", message.position.seq},
             {"id", to_string(message.id)},
             {"origin", message.origin.str()}});
  displaced_.push_back(row);
}

}  // namespace stampede::postgres
