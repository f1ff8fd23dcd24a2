#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/executor.h"
#include "shared/model/message.h"

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

/// A page ends early, but not before its first message, when its bodies come to more than this.
inline constexpr std::size_t kMaxPageBytes = 8 * 1024 * 1024;

/// A page of a room's history by keyset. At most one of `before` and `after` is set; neither means
/// the newest page.
struct PageQuery {
  RoomName room;
  std::optional<Seq> before;  ///< messages with seq < before, the nearest ones
  std::optional<Seq> after;   ///< messages with seq > after, the nearest ones
  std::size_t limit = 50;     ///< 1 to 200
};

struct Page {
  std::vector<MessageRef> messages;  ///< ascending by seq
  bool older =
      false;  ///< there are messages before the first; of an empty page: before `after`, or at it
  bool newer =
      false;  ///< there are messages after the last; of an empty page: after `before`, or at it
};

/// Stored messages. Methods may be called from any thread; replies are posted, never run inside a
/// call. kUnavailable: the store is away, nothing of the batch need be assumed committed, and the
/// same batch may be given again: a message that is there already changes nothing.
class MessageStore {
 public:
  virtual ~MessageStore() = default;

  /// Replies when all of the batch is committed; rows that the store refuses are found and named,
  /// the rest is committed without them. A message without a position (the directory was away) gets
  /// one here, greater than every other of its room, and so does one whose position another holds.
  virtual void append(std::vector<MessageRef> batch, Reply<Result<AppendOutcome>> stored) = 0;

  virtual void page(PageQuery query, Reply<Result<Page>> found) = 0;
};

}  // namespace stampede
