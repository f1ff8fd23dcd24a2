// RFC 7692 section 7.2.1 with server_no_context_takeover.
#include "gateway/net/message_deflater.h"

#include <algorithm>
#include <new>

namespace stampede::gateway {
namespace {

constexpr int kWindowBits = 15;
/// zlib's default. Smaller tables would have to be cleared for every message, too, and a shard has
/// only one set of them: less memory made nothing faster (bench/ws_deflate).
constexpr int kMemoryLevel = 8;
/// 00 00 ff ff: the end of a flush, which is not sent.
constexpr std::size_t kTailBytes = 4;
constexpr std::size_t kKeptOutputBytes = 64 * 1024;

}  // namespace

MessageDeflater::~MessageDeflater() {
  if (ready_) deflateEnd(&stream_);
}

void MessageDeflater::deflate(Slice& slice) {
  if (slice.deflate_tried()) return;
  slice.set_deflated([this](std::string_view frame) { return deflate_frame(frame); });
}

/// Empty when it goes out as it is; valid until the next call.
std::string_view MessageDeflater::deflate_frame(std::string_view frame) {
  if (frame.size() < options_.min_bytes) return {};
  const std::string_view payload = compress(frame);
  if (payload.empty()) {
    metrics_.deflate_useless.add();
    return {};
  }
  metrics_.deflated.add();
  metrics_.deflated_bytes_before.add(static_cast<double>(frame.size()));
  metrics_.deflated_bytes_after.add(static_cast<double>(payload.size()));
  return payload;
}

/// Empty when it would not be smaller; valid until the next call.
std::string_view MessageDeflater::compress(std::string_view frame) {
  if (!ready_) {
    ready_ = deflateInit2(&stream_, options_.level, Z_DEFLATED, -kWindowBits, kMemoryLevel,
                          Z_DEFAULT_STRATEGY) == Z_OK;
    if (!ready_) throw std::bad_alloc();
  } else {
    deflateReset(&stream_);
  }
  const std::size_t room = frame.size() + kTailBytes;
  make_room(room);
  // zlib reads only, though its type cannot say so.
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(frame.data()));
  stream_.avail_in = static_cast<uInt>(frame.size());
  stream_.next_out = reinterpret_cast<Bytef*>(output_.get());
  stream_.avail_out = static_cast<uInt>(room);
  const int status = ::deflate(&stream_, Z_SYNC_FLUSH);
  // With no room left the flush may not be whole, and nothing would be saved either.
  if (status != Z_OK || stream_.avail_in > 0 || stream_.avail_out == 0) return {};
  return {output_.get(), room - stream_.avail_out - kTailBytes};
}

/// One large message does not make a shard large for ever.
void MessageDeflater::make_room(std::size_t bytes) {
  const bool wasteful = output_bytes_ > kKeptOutputBytes && bytes <= kKeptOutputBytes;
  if (output_bytes_ >= bytes && !wasteful) return;
  output_bytes_ = std::max(bytes, kKeptOutputBytes);
  output_ = std::make_unique<char[]>(output_bytes_);
}

}  // namespace stampede::gateway
