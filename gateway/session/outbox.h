#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/session/slice.h"

namespace stampede::gateway {

/// What a connection sends of a slice.
enum class Framing : std::uint8_t { kWebSocket, kStomp };

/// What one connection still has to send, first in, first out, bounded in bytes. Pure: gives out
/// buffers for a gathered write and is told how much of them was written. One thread.
///
/// The bound is for a peer that does not read. It holds before a slice is added, so a single frame
/// may be larger than the bound. What the gateway holds beside the form that goes out counts, too:
/// what compresses well would otherwise be held almost without bound.
class Outbox {
 public:
  Outbox(Framing framing, std::size_t max_bytes) noexcept
      : max_bytes_(max_bytes), framing_(framing) {}

  /// From now on frames of at most this many bytes go out compressed where that was done; what it
  /// will be is settled (`Slice::set_deflated`) before such a frame is pushed. WebSocket only.
  void take_deflated(std::size_t largest_frame_bytes) noexcept {
    deflated_up_to_ = largest_frame_bytes;
  }
  [[nodiscard]] bool takes_deflated(const Slice& slice) const noexcept {
    return slice.largest_frame() <= deflated_up_to_;
  }

  /// Refused, and nothing changes, while `max_bytes` or more wait.
  [[nodiscard]] bool push(Slice slice);
  /// Whatever the bound: for control frames and last words.
  void push_anyway(Slice slice);

  /// The next bytes to write, in order; returns how many of `buffers` are set. What is more than
  /// one write should carry is left out. Valid until the outbox changes.
  std::size_t gather(std::span<iovec> buffers) const;
  /// The first `bytes` of what `gather` gave have been written.
  void consume(std::size_t bytes);

  /// Drops everything but a slice that is partly written: the peer must be able to read on.
  /// Returns the number of bytes dropped.
  std::size_t drop_unsent();

  [[nodiscard]] Framing framing() const noexcept { return framing_; }
  [[nodiscard]] bool empty() const noexcept { return head_ == slices_.size(); }
  /// Still to be written.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  /// What counts against the bound.
  [[nodiscard]] std::size_t held_bytes() const noexcept { return bytes_ + beside_bytes_; }
  [[nodiscard]] std::size_t slices() const noexcept { return slices_.size() - head_; }

 private:
  [[nodiscard]] std::string_view view(const Slice& slice) const {
    if (framing_ == Framing::kStomp) return slice.stomp();
    return takes_deflated(slice) ? slice.deflated() : slice.websocket();
  }
  /// Bytes held for it that do not go out; of a compressed one what it saves.
  [[nodiscard]] std::size_t beside(const Slice& slice) const {
    if (framing_ == Framing::kStomp) return slice.copies_stomp() ? slice.websocket().size() : 0;
    return slice.websocket().size() - view(slice).size();
  }
  void release_if_empty() noexcept;

  std::vector<Slice> slices_;  ///< those before head_ have been written
  std::size_t head_ = 0;
  std::size_t written_ = 0;       ///< of the slice at head_
  std::size_t bytes_ = 0;         ///< not written yet
  std::size_t beside_bytes_ = 0;  ///< of those not written yet
  std::size_t max_bytes_;
  std::size_t deflated_up_to_ = 0;
  Framing framing_;
};

}  // namespace stampede::gateway
