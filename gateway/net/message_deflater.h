#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include <zlib.h>

#include "gateway/net/net_metrics.h"
#include "gateway/session/slice.h"

namespace stampede::gateway {

struct DeflateOptions {
  bool enabled = false;
  int level = 1;                ///< zlib's, 1 to 9
  std::size_t min_bytes = 256;  ///< smaller frames go out as they are
};

/// Compresses outgoing frames, each on its own, so that the result is right for every connection
/// that agreed on permessage-deflate. Owned by the shard, its thread only. It holds nothing before
/// the first frame, 256 KiB from then on.
class MessageDeflater {
 public:
  /// The metrics outlive it.
  MessageDeflater(const DeflateOptions& options, const NetMetrics& metrics) noexcept
      : options_(options), metrics_(metrics) {}
  ~MessageDeflater();
  MessageDeflater(const MessageDeflater&) = delete;
  MessageDeflater& operator=(const MessageDeflater&) = delete;

  /// Settles what `slice` is compressed: once for all that share it, whoever asks first.
  void deflate(Slice& slice);

 private:
  [[nodiscard]] std::string_view deflate_frame(std::string_view frame);
  [[nodiscard]] std::string_view compress(std::string_view frame);
  void make_room(std::size_t bytes);

  DeflateOptions options_;
  const NetMetrics& metrics_;
  z_stream stream_{};
  bool ready_ = false;
  std::unique_ptr<char[]> output_;
  std::size_t output_bytes_ = 0;
};

}  // namespace stampede::gateway
