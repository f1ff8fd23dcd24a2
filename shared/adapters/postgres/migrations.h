#pragma once

#include <vector>

#include "shared/adapters/postgres/connection.h"

namespace stampede::postgres {

/// One numbered file of `migrations/`, compiled in.
struct Migration {
  int version;
  const char* name;
  const char* sql;
};

/// Ascending from 1 without gaps.
const std::vector<Migration>& migrations();

/// Brings the schema that `db` sees up to date and returns how many migrations that took. All run
/// in one transaction under an advisory lock, so any number of processes may do this at once. A
/// schema that is newer than this program is left alone.
Result<int> apply_migrations(Connection& db);

}  // namespace stampede::postgres
