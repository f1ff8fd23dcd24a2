// The schema is looked at before the lock is taken: in all but the first start there is nothing to
// do, and a program whose database user may not create tables works on a schema made by another.
#include "shared/adapters/postgres/migrations.h"

#include <charconv>

#include "shared/base/log.h"

namespace stampede::postgres {
namespace {

// Any fixed number that other users of the database do not lock: "stampede" in ASCII.
constexpr const char* kLock = "SELECT pg_advisory_xact_lock(x'7374616d70656465'::bigint)";

constexpr std::chrono::hours kPatience{24};

int to_int(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Result<int> newest_applied(Connection& db) {
  auto newest = db.run("SELECT coalesce(max(version), 0) FROM stampede_migrations");
  if (!newest) return newest.error();
  return to_int(newest->bytes(0, 0));
}

Result<int> version_at_first_sight(Connection& db) {
  auto encoding = db.run("SHOW server_encoding");
  if (!encoding) return encoding.error();
  if (encoding->bytes(0, 0) != "UTF8") {
    return Error(Errc::kUnavailable, "the database's encoding is " +
                                         std::string(encoding->bytes(0, 0)) +
                                         "; Stampede needs one created with ENCODING 'UTF8'");
  }
  auto table = db.run("SELECT to_regclass('stampede_migrations') IS NOT NULL");
  if (!table) return table.error();
  if (table->bytes(0, 0) != "t") return 0;
  return newest_applied(db);
}

Result<int> apply_missing(Connection& db) {
  if (auto locked = db.run(kLock); !locked) return locked.error();
  // Not to_regclass() again: inside a transaction it may answer from before the lock.
  auto made = db.run(
      "CREATE TABLE IF NOT EXISTS stampede_migrations (version integer PRIMARY KEY,"
      " name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
  if (!made) return made.error();
  const auto version = newest_applied(db);
  if (!version) return version.error();
  int applied = 0;
  for (const Migration& migration : migrations()) {
    if (migration.version <= *version) continue;
    const std::string note = "INSERT INTO stampede_migrations (version, name) VALUES (" +
                             std::to_string(migration.version) + ", '" + migration.name + "')";
    auto ran = db.run(migration.sql);
    if (ran) ran = db.run(note.c_str());
    if (!ran) {
      return Error(Errc::kUnavailable,
                   "migration " + std::string(migration.name) + ": " + ran.error().detail);
    }
    ++applied;
  }
  return applied;
}

Result<int> in_transaction(Connection& db) {
  if (auto begun = db.run("BEGIN; SET LOCAL statement_timeout TO 0"); !begun) return begun.error();
  auto applied = apply_missing(db);
  if (!applied) {
    if (db.is_open()) (void)db.run("ROLLBACK");
    return applied;
  }
  if (auto done = db.run("COMMIT"); !done) return done.error();
  return applied;
}

}  // namespace

Result<int> apply_migrations(Connection& db) {
  const auto version = version_at_first_sight(db);
  if (!version) return version.error();
  if (*version >= migrations().back().version) return 0;
  // Waiting for another process' migration, or a long one, is no reason to give up.
  const auto usual = db.patience();
  db.set_patience(kPatience);
  auto applied = in_transaction(db);
  db.set_patience(usual);
  if (applied && *applied > 0) log_info("postgres schema migrated", {{"migrations", *applied}});
  return applied;
}

}  // namespace stampede::postgres
