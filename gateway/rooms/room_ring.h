#pragma once

#include <cstddef>
#include <vector>

#include "shared/model/message.h"

namespace stampede::gateway {

/// The latest messages of one room, without a gap: everything after `from()`. Serves clients that
/// come back after a moment without asking anybody. Pure. One thread.
class RoomRing {
 public:
  struct Limits {
    std::size_t messages = 100;
    std::size_t bytes = 256UL * 1024;  ///< of bodies and headers, about
  };
  /// By how much more is kept after a `prepend`, until `settle`: many clients tend to come back for
  /// the same messages.
  static constexpr std::size_t kStretch = 10;

  using Messages = std::vector<MessageRef>;

  explicit RoomRing(Limits limits) noexcept : limits_(limits) {}

  /// Empty; complete from the next message on, which stands after `from`.
  void restart(Seq from);
  /// The message after the last one. One without a position is not kept.
  void append(const MessageRef& message);
  /// Messages that were found elsewhere, ascending and without a gap, the last of which reaches the
  /// ring. Otherwise nothing changes. `from`: nothing is missing between it and the first.
  void prepend(const std::vector<MessageRef>& found, Seq from);
  /// Back to the limits.
  void settle();

  /// Whether everything after `since` that the room has delivered is here.
  [[nodiscard]] bool covers(Seq since) const noexcept { return since >= from_; }
  [[nodiscard]] Messages::const_iterator after(Seq since) const noexcept;
  [[nodiscard]] const Messages& messages() const noexcept { return messages_; }
  [[nodiscard]] Seq from() const noexcept { return from_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  void trim();

  Limits limits_;
  bool stretched_ = false;
  Messages messages_;
  std::size_t bytes_ = 0;
  Seq from_ = kNoSeq;
};

}  // namespace stampede::gateway
