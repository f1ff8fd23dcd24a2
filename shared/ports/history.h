#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "shared/base/executor.h"
#include "shared/model/message.h"

namespace stampede {

/// A page ends early, but not before its first message, when its bodies come to more than this.
inline constexpr std::size_t kMaxPageBytes = 8 * 1024 * 1024;
inline constexpr std::size_t kMaxPageMessages = 200;

/// A page of a room's history by keyset. At most one of `before` and `after` is set; neither means
/// the newest page.
struct PageQuery {
  RoomName room;
  std::optional<Seq> before;  ///< messages with seq < before, the nearest ones
  std::optional<Seq> after;   ///< messages with seq > after, the nearest ones
  std::size_t limit = 50;     ///< 1 to kMaxPageMessages
};

struct Page {
  std::vector<MessageRef> messages;  ///< ascending by seq
  bool older =
      false;  ///< there are messages before the first; of an empty page: before `after`, or at it
  bool newer =
      false;  ///< there are messages after the last; of an empty page: after `before`, or at it
};

/// Reads stored messages. Methods may be called from any thread; replies are posted, never run
/// inside a call. kUnavailable: the store is away or does not answer in time.
class History {
 public:
  virtual ~History() = default;

  virtual void page(PageQuery query, Reply<Result<Page>> found) = 0;
};

}  // namespace stampede
