#pragma once

#include "shared/adapters/sqlite/database.h"

namespace stampede::sqlite {

/// Creates what is missing. kUnavailable when a newer program has changed the file.
Result<void> apply_schema(Database& database);

}  // namespace stampede::sqlite
