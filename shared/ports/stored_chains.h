#pragma once

#include <string>
#include <vector>

#include "shared/base/clock.h"
#include "shared/base/executor.h"
#include "shared/base/ids.h"

namespace stampede {

/// Part of a room's history: the messages with `after` < seq <= `until`.
struct Stretch {
  RoomName room;
  Seq after = kNoSeq;
  Seq until = kNoSeq;

  friend bool operator==(const Stretch&, const Stretch&) = default;
};

/// What the store knows of a stretch of a room.
struct StoredChain {
  Seq last = kNoSeq;  ///< the last stored position of it; kNoSeq: none
  /// The first place where a stored message names a predecessor that is not stored: what is missing
  /// is after `hole.after`, up to `hole.until`. No room: there is none.
  Stretch hole;
};

/// Looks for messages that should be stored and are not. Beside MessageStore, because only one of
/// many processes looks, now and then. Methods may be called from any thread; replies are posted.
/// kUnavailable: the store is away or does not answer in time.
class StoredChains {
 public:
  virtual ~StoredChains() = default;

  /// One answer for each stretch, in order.
  virtual void inspect(std::vector<Stretch> stretches,
                       Reply<Result<std::vector<StoredChain>>> found) = 0;

  /// Takes the lease of that name for `time`, or keeps it; false while another holder has it.
  virtual void hold_lease(std::string name, std::string holder, Milliseconds time,
                          Reply<Result<bool>> held) = 0;
};

}  // namespace stampede
