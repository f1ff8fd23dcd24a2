#pragma once

#include <span>
#include <vector>

#include "shared/adapters/postgres/connection.h"
#include "shared/base/metrics.h"
#include "shared/ports/message_store.h"

namespace stampede::postgres {

/// The statements that `Append` uses, once per connection.
Result<void> prepare_append(Connection& db);

/// Stores one batch. Lives for one call of `run`; `batch` and `conflicts` outlive it.
class Append {
 public:
  Append(Connection& db, const std::vector<MessageRef>& batch, const Counter& conflicts)
      : db_(db), batch_(batch), conflicts_(conflicts) {}

  /// After an error (kUnavailable, kCancelled) some of the batch may be committed; storing it again
  /// is harmless.
  Result<AppendOutcome> run();

 private:
  using Indexes = std::span<const std::size_t>;  ///< into the batch

  Result<void> store_at_positions(Indexes rows);
  Result<void> store_at_new_positions(Indexes rows, std::size_t& stored);
  Result<std::vector<std::size_t>> not_stored(Indexes rows);
  /// Halves `rows` until the ones to blame stand alone.
  template <class Store>
  Result<void> divide(Indexes rows, const Error& error, Store store);
  void note_conflict(std::size_t row);

  Connection& db_;
  const std::vector<MessageRef>& batch_;
  const Counter& conflicts_;
  AppendOutcome outcome_;
  std::vector<std::size_t> displaced_;  ///< another message holds their position
};

}  // namespace stampede::postgres
