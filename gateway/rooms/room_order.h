#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "shared/base/clock.h"
#include "shared/model/message.h"

namespace stampede::gateway {

/// In which order the messages of one room are delivered. Messages form the chain prev -> seq;
/// whatever comes before its predecessor is held until the gap closes. Pure: no time of its own, no
/// sessions. One thread.
class RoomOrder {
 public:
  enum class Verdict {
    kDelivered,    ///< appended to `out`, and whatever it released
    kHeld,         ///< early: a predecessor is missing
    kStale,        ///< delivered before, or superseded; dropped
    kUnsequenced,  ///< without a position (the directory was away); appended to `out` as it comes
  };

  /// Before `open` everything sequenced is held: the room's position is not known yet.
  void open(Seq last, std::vector<MessageRef>& out);
  [[nodiscard]] bool is_open() const noexcept { return open_; }

  Verdict offer(MessageRef message, Clock::Instant now, std::vector<MessageRef>& out);

  /// The last delivered position.
  [[nodiscard]] Seq last() const noexcept { return last_; }
  /// The highest position seen, delivered or held: the floor for this gateway's next message.
  [[nodiscard]] Seq highest() const noexcept;

  /// The position before the first held message; kNoSeq when none is held.
  [[nodiscard]] Seq awaited() const noexcept;
  /// When a message came that could be delivered at once: while there are such, what is missing may
  /// be late and not lost.
  [[nodiscard]] Clock::Instant progressed() const noexcept { return progressed_; }
  /// Since when the first held message has been waiting; nothing is missing when empty.
  [[nodiscard]] std::optional<Clock::Instant> waiting_since() const noexcept;
  [[nodiscard]] std::size_t held() const noexcept { return held_.size(); }

  /// Gives the gap before the first held message up and delivers from there on. Returns whether
  /// there was one.
  bool skip_gap(std::vector<MessageRef>& out);

 private:
  struct Early {
    MessageRef message;
    Clock::Instant since;
  };

  void deliver(MessageRef message, std::vector<MessageRef>& out);
  void deliver_first_held(std::vector<MessageRef>& out);
  void release(std::vector<MessageRef>& out);

  bool open_ = false;
  Seq last_ = kNoSeq;
  Clock::Instant progressed_{};
  std::map<Seq, Early> held_;
};

}  // namespace stampede::gateway
