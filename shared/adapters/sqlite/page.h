#pragma once

#include "shared/adapters/sqlite/database.h"
#include "shared/ports/message_store.h"

namespace stampede::sqlite {

/// Reads pages through one connection, on one thread.
class PageReader {
 public:
  static Result<PageReader> make(Database& database);

  Result<Page> read(const PageQuery& query);

 private:
  PageReader(Statement before, Statement after, Statement at_or_before, Statement at_or_after);

  Statement before_;
  Statement after_;
  Statement at_or_before_;
  Statement at_or_after_;
};

}  // namespace stampede::sqlite
