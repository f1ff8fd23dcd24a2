// The same table as PostgreSQL's, in SQLite's words. `user_version` counts what has been applied.
#include "shared/adapters/sqlite/schema.h"

#include <array>

namespace stampede::sqlite {
namespace {

// Step n brings user_version from n to n + 1.
constexpr std::array<const char*, 1> kSteps{R"sql(
  CREATE TABLE messages (
    room TEXT NOT NULL,
    seq INTEGER NOT NULL CHECK (seq BETWEEN 1 AND 9007199254740991),
    prev INTEGER NOT NULL,
    id BLOB NOT NULL,
    sender TEXT NOT NULL,
    origin TEXT NOT NULL,
    sent_at_ms INTEGER NOT NULL,
    key BLOB NOT NULL,
    content_type BLOB NOT NULL,
    headers BLOB NOT NULL,
    body BLOB NOT NULL,
    stored_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (room, seq),
    UNIQUE (id)
  );
)sql"};

Result<std::int64_t> user_version(Database& database) {
  auto statement = database.prepare("PRAGMA user_version");
  if (!statement) return statement.error();
  auto row = statement->step();
  if (!row) return row.error();
  return statement->int64(0);
}

Result<void> apply_missing(Database& database) {
  const auto version = user_version(database);
  if (!version) return version.error();
  if (*version > static_cast<std::int64_t>(kSteps.size())) {
    return Error(Errc::kUnavailable, "the file has schema version " + std::to_string(*version) +
                                         ", this program knows " + std::to_string(kSteps.size()));
  }
  for (auto step = static_cast<std::size_t>(*version); step < kSteps.size(); ++step) {
    const std::string sql =
        std::string(kSteps[step]) + "PRAGMA user_version = " + std::to_string(step + 1);
    if (auto done = database.run(sql.c_str()); !done) return done;
  }
  return {};
}

}  // namespace

Result<void> apply_schema(Database& database) {
  // A reader goes on while the writer writes (WAL); a commit is on the disk when it returns (FULL).
  auto done = database.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE");
  if (!done) return done;
  done = apply_missing(database);
  if (done) done = database.run("COMMIT");
  if (!done && database.in_transaction()) (void)database.run("ROLLBACK");
  return done;
}

}  // namespace stampede::sqlite
