#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "shared/base/executor.h"
#include "shared/model/message.h"
#include "shared/ports/history.h"

namespace stampede {

/// What became of a batch: each message is counted in one place. Everything that is not in
/// `refused` is committed.
struct AppendOutcome {
  struct Refused {
    std::size_t index = 0;  ///< into the batch
    std::string reason;     ///< as the store said it
  };
  std::size_t inserted = 0;
  std::size_t duplicates = 0;  ///< were there already: a redelivery
  std::size_t moved = 0;       ///< another message held the position; stored at a new one
  std::vector<Refused> refused;
};

/// Stored messages. Methods may be called from any thread; replies are posted, never run inside a
/// call. kUnavailable: the store is away, nothing of the batch need be assumed committed, and the
/// same batch may be given again: a message that is there already changes nothing.
class MessageStore : public History {
 public:
  /// Replies when all of the batch is committed; rows that the store refuses are found and named,
  /// the rest is committed without them. A message without a position (the directory was away) gets
  /// one here, greater than every other of its room, and so does one whose position another holds.
  virtual void append(std::vector<MessageRef> batch, Reply<Result<AppendOutcome>> stored) = 0;
};

}  // namespace stampede
