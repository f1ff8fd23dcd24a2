// A stretch is a range of the primary key. Each message names its predecessor, so a hole shows in
// one pass over the range; only what looks like one costs a look-up more.
#include "shared/adapters/postgres/chains.h"

#include "shared/adapters/postgres/array.h"
#include "shared/adapters/postgres/binary.h"

namespace stampede::postgres {
namespace {

constexpr const char* kInspect = "inspect";
constexpr const char* kLease = "lease";

enum Column { kPlace, kLast, kAfter, kUntil };

// Messages without a predecessor are left out: the store placed them, or a chain begins there.
constexpr const char* kInspectSql =
    "SELECT r.n,"
    "  coalesce((SELECT max(seq) FROM messages WHERE room = r.room AND seq > r.after"
    "            AND seq <= r.until), 0),"
    "  h.before, h.prev"
    " FROM unnest($1::text[], $2::int8[], $3::int8[]) WITH ORDINALITY"
    "   AS r(room, after, until, n)"
    " LEFT JOIN LATERAL ("
    "   SELECT c.prev, coalesce((SELECT max(seq) FROM messages WHERE room = r.room"
    "     AND seq > r.after AND seq < c.prev), r.after) AS before FROM ("
    "     SELECT m.seq, m.prev, lag(m.seq, 1, r.after) OVER (ORDER BY m.seq) AS before"
    "     FROM messages m WHERE m.room = r.room AND m.seq > r.after AND m.seq <= r.until"
    "       AND m.prev > 0) c"
    "   WHERE c.prev > c.before AND NOT EXISTS ("
    "     SELECT FROM messages p WHERE p.room = r.room AND p.seq = c.prev)"
    "   ORDER BY c.seq LIMIT 1) h ON true"
    " ORDER BY r.n";

constexpr const char* kLeaseSql =
    "INSERT INTO leases AS held (name, holder, ends)"
    " VALUES ($1::text, $2::text, now() + $3::int8 * interval '1 millisecond')"
    " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, ends = excluded.ends"
    " WHERE held.ends < now() OR held.holder = excluded.holder"
    " RETURNING name";

}  // namespace

Result<void> prepare_chains(Connection& db) {
  if (auto done = db.prepare(kInspect, kInspectSql); !done) return done;
  return db.prepare(kLease, kLeaseSql);
}

Result<std::vector<StoredChain>> inspect_chains(Connection& db,
                                                const std::vector<Stretch>& stretches) {
  ArrayBuilder rooms(ElementType::kText);
  ArrayBuilder after(ElementType::kInt8);
  ArrayBuilder until(ElementType::kInt8);
  for (const Stretch& stretch : stretches) {
    rooms.add(std::string_view(stretch.room.str()));
    after.add(stretch.after);
    until.add(stretch.until);
  }
  const auto rows = db.execute(kInspect, {rooms.data(), after.data(), until.data()});
  if (!rows) return rows.error();
  std::vector<StoredChain> out(stretches.size());
  for (int row = 0; row < rows->count(); ++row) {
    const auto place = static_cast<std::size_t>(rows->int8(row, kPlace) - 1);
    out[place].last = rows->int8(row, kLast);
    if (rows->is_null(row, kUntil)) continue;
    out[place].hole = {stretches[place].room, rows->int8(row, kAfter), rows->int8(row, kUntil)};
  }
  return out;
}

Result<bool> hold_lease(Connection& db, const std::string& name, const std::string& holder,
                        Milliseconds time) {
  const std::string milliseconds = binary_int8(time.count());
  const auto rows = db.execute(kLease, {name, holder, milliseconds});
  if (!rows) return rows.error();
  return rows->count() == 1;
}

}  // namespace stampede::postgres
