// Almost every outbox is empty almost always and then holds next to no memory; under load it keeps
// a few places so that a turn's messages do not cost an allocation.
#include "gateway/session/outbox.h"

#include <algorithm>

namespace stampede::gateway {
namespace {

constexpr std::size_t kKeptPlaces = 8;
/// As much as is worth one write: what goes beyond it would be looked through again after each.
constexpr std::size_t kGatherBytes = 256 * 1024;

}  // namespace

bool Outbox::push(Slice slice) {
  if (held_bytes() >= max_bytes_) return false;
  push_anyway(std::move(slice));
  return true;
}

void Outbox::push_anyway(Slice slice) {
  const std::size_t size = view(slice).size();
  if (size == 0) return;
  beside_bytes_ += beside(slice);
  const bool crowded = slices_.size() == slices_.capacity();
  if (crowded && head_ >= slices_.size() / 2) {
    slices_.erase(slices_.begin(), slices_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  slices_.push_back(std::move(slice));
  bytes_ += size;
}

std::size_t Outbox::gather(std::span<iovec> buffers) const {
  std::size_t count = 0;
  std::size_t skip = written_;
  std::size_t gathered = 0;
  for (std::size_t i = head_;
       i < slices_.size() && count < buffers.size() && gathered < kGatherBytes; ++i) {
    const std::string_view bytes = view(slices_[i]).substr(skip);
    skip = 0;
    // sendmsg only reads, though an iovec cannot say so.
    buffers[count++] = {const_cast<char*>(bytes.data()), bytes.size()};
    gathered += bytes.size();
  }
  return count;
}

void Outbox::consume(std::size_t bytes) {
  bytes_ -= bytes;
  while (bytes > 0) {
    const std::size_t left = view(slices_[head_]).size() - written_;
    if (bytes < left) {
      written_ += bytes;
      return;
    }
    bytes -= left;
    written_ = 0;
    beside_bytes_ -= beside(slices_[head_]);
    slices_[head_++] = Slice();
  }
  release_if_empty();
}

std::size_t Outbox::drop_unsent() {
  const std::size_t keep = written_ > 0 ? 1 : 0;
  const std::size_t before = bytes_;
  slices_.erase(slices_.begin() + static_cast<std::ptrdiff_t>(head_ + keep), slices_.end());
  bytes_ = keep == 0 ? 0 : view(slices_[head_]).size() - written_;
  beside_bytes_ = keep == 0 ? 0 : beside(slices_[head_]);
  release_if_empty();
  return before - bytes_;
}

void Outbox::release_if_empty() noexcept {
  if (!empty()) return;
  head_ = 0;
  if (slices_.capacity() > kKeptPlaces) {
    std::vector<Slice>().swap(slices_);
  } else {
    slices_.clear();
  }
}

}  // namespace stampede::gateway
