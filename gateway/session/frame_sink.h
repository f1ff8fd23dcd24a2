#pragma once

#include <cstddef>

#include "gateway/session/slice.h"

namespace stampede::gateway {

/// Where one client's frames go, in order. On its shard's thread.
class FrameSink {
 public:
  /// Of an implementation, those that `send` uses: for `prefetch`.
  static constexpr std::size_t kCacheLines = 4;

  /// Queues a frame, or those of a slice. Everything queued in one loop turn goes out in one
  /// gathered write.
  virtual void send(Slice slice) = 0;

 protected:
  ~FrameSink() = default;
};

}  // namespace stampede::gateway
