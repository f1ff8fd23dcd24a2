#include "gateway/net/inflater.h"

#include <new>

namespace stampede::gateway {
namespace {

constexpr std::size_t kOutputBytes = 16 * 1024;
/// Most messages are whole when they are read, so one or two inflaters serve a shard.
constexpr std::size_t kMaxSpare = 4;
/// The largest there is, whatever the client said that it would use: zlib checks a smaller one only
/// where its output happens to be cut. Negative: no zlib header.
constexpr int kWindowBits = -15;

// What z_stream.data_type says after a call (zlib.h, inflate).
constexpr int kUnusedBits = 63;
constexpr int kBetweenBlocks = 128;

}  // namespace

Inflater::Inflater() {
  if (inflateInit2(&stream_, kWindowBits) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() { inflateEnd(&stream_); }

void Inflater::start_message() {
  inflateReset(&stream_);
  at_last_block_ = false;
}

Inflater::Step Inflater::inflate(std::span<const char> in, std::span<char> out) {
  // zlib reads only, though its type cannot say so.
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream_.avail_in = static_cast<uInt>(in.size());
  stream_.next_out = reinterpret_cast<Bytef*>(out.data());
  stream_.avail_out = static_cast<uInt>(out.size());
  bool valid = true;
  do {
    // Behind a last block, which is an end only to who thinks of files, the message goes on (RFC
    // 7692 section 7.2.3.4).
    if (at_last_block_ && stream_.avail_in > 0) inflateReset(&stream_);
    const int status = ::inflate(&stream_, Z_SYNC_FLUSH);
    at_last_block_ = status == Z_STREAM_END;
    valid = status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR;
  } while (at_last_block_ && stream_.avail_in > 0 && stream_.avail_out > 0);
  const std::size_t given = out.size() - stream_.avail_out;
  // What came before the fault is given first; the next call meets the fault again.
  return {in.size() - stream_.avail_in, given, valid || given > 0};
}

bool Inflater::between_blocks() const noexcept {
  return at_last_block_ ||
         ((stream_.data_type & kBetweenBlocks) != 0 && (stream_.data_type & kUnusedBits) == 0);
}

std::unique_ptr<Inflater> InflaterPool::lend() {
  if (!output_) {
    output_ = std::make_unique<char[]>(kOutputBytes);
    spare_.reserve(kMaxSpare);
  }
  std::unique_ptr<Inflater> inflater;
  if (spare_.empty()) {
    inflater = std::make_unique<Inflater>();
  } else {
    inflater = std::move(spare_.back());
    spare_.pop_back();
  }
  inflater->start_message();
  return inflater;
}

void InflaterPool::give_back(std::unique_ptr<Inflater> inflater) noexcept {
  if (inflater && spare_.size() < kMaxSpare) spare_.push_back(std::move(inflater));
}

std::span<char> InflaterPool::output() noexcept { return {output_.get(), kOutputBytes}; }

}  // namespace stampede::gateway
