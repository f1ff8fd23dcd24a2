#pragma once

#include <string>
#include <vector>

#include "shared/adapters/postgres/connection.h"
#include "shared/ports/stored_chains.h"

namespace stampede::postgres {

Result<void> prepare_chains(Connection& db);
Result<std::vector<StoredChain>> inspect_chains(Connection& db,
                                                const std::vector<Stretch>& stretches);
Result<bool> hold_lease(Connection& db, const std::string& name, const std::string& holder,
                        Milliseconds time);

}  // namespace stampede::postgres
