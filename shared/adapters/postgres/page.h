#pragma once

#include "shared/adapters/postgres/connection.h"
#include "shared/ports/message_store.h"

namespace stampede::postgres {

/// The statements that `read_page` uses, once per connection.
Result<void> prepare_page(Connection& db);

Result<Page> read_page(Connection& db, const PageQuery& query);

}  // namespace stampede::postgres
