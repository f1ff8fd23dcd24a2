#pragma once

#include <vector>

#include "shared/adapters/sqlite/database.h"
#include "shared/base/clock.h"
#include "shared/base/metrics.h"
#include "shared/ports/message_store.h"

namespace stampede::sqlite {

/// Stores batches through one connection, on one thread. `database`, `clock` outlive it.
class Appender {
 public:
  static Result<Appender> make(Database& database, const Clock& clock, Counter conflicts);

  /// One transaction a batch. After an error nothing of the batch is committed.
  Result<AppendOutcome> append(const std::vector<MessageRef>& batch);

 private:
  struct Statements {
    Statement begin, commit, insert, find, last;
  };

  Appender(Database& database, const Clock& clock, Counter conflicts, Statements statements);

  Result<void> store_all(const std::vector<MessageRef>& batch, AppendOutcome& outcome);
  Result<void> store(const Message& message, AppendOutcome& outcome);
  Result<bool> insert(const Message& message, Position position);
  Result<bool> is_stored(const MessageId& id);
  Result<Seq> new_position(const RoomName& room);

  Database* database_;
  const Clock* clock_;
  Counter conflicts_;
  Statements sql_;
};

}  // namespace stampede::sqlite
