#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "shared/model/message.h"

namespace stampede::gateway {

/// STOMP 1.2, "SUBSCRIBE ack Header".
enum class AckMode : std::uint8_t {
  kAuto,              ///< sent is acknowledged
  kClient,            ///< an ACK or NACK speaks for every message before it, too
  kClientIndividual,  ///< an ACK or NACK speaks for one message
};

/// nullopt for anything but `auto`, `client`, `client-individual`.
std::optional<AckMode> parse_ack_mode(std::string_view text) noexcept;

/// Bodies that the windows of one session hold, together. Outlives them.
struct HeldBytes {
  std::size_t max;
  std::size_t used = 0;
};

/// What one subscription with a manual mode has been sent and not acknowledged, and what waits
/// until it may be sent. Acknowledging is flow control here: a message is stored whoever
/// acknowledges it. Pure. One thread.
class AckWindow {
 public:
  using Tag = std::uint64_t;

  struct Send {
    Tag tag = 0;
    MessageRef message;
    bool redelivered = false;
  };

  /// `prefetch`: messages sent and not acknowledged; 0 = no bound.
  AckWindow(AckMode mode, std::size_t prefetch, HeldBytes& held)
      : mode_(mode), prefetch_(prefetch), held_(held) {}
  ~AckWindow();
  AckWindow(const AckWindow&) = delete;
  AckWindow& operator=(const AckWindow&) = delete;

  /// False, and nothing changes, when the session's windows hold as much as they may: what waits,
  /// and what was sent and not acknowledged, because it may have to be sent again.
  [[nodiscard]] bool add(MessageRef message);
  /// The next message to send, when there is one and the window has room.
  std::optional<Send> next();

  /// The unacknowledged message with that id, for STOMP 1.0 and 1.1, which acknowledge by it.
  [[nodiscard]] std::optional<Tag> find(const MessageId& id) const;
  /// Whether a message was ever sent under `tag`.
  [[nodiscard]] bool issued(Tag tag) const noexcept { return tag > 0 && tag <= last_tag_; }

  /// Answers that were given before change nothing.
  void ack(Tag tag);
  /// `requeue`: sent again, before everything that waits, marked as redelivered. Otherwise as
  /// `ack`.
  void nack(Tag tag, bool requeue);

  [[nodiscard]] std::size_t unacknowledged() const noexcept { return sent_.size(); }
  /// Less than half of what the session's windows may hold.
  [[nodiscard]] bool has_room() const noexcept { return held_.used < held_.max / 2; }
  /// Of all windows of the session.
  [[nodiscard]] std::size_t held_bytes() const noexcept { return held_.used; }
  [[nodiscard]] std::size_t waiting_bytes() const noexcept { return waiting_bytes_; }

 private:
  struct Waiting {
    MessageRef message;
    bool redelivered = false;
  };

  /// Takes what `tag` speaks for out of what was sent, in order.
  std::deque<Send> settle(Tag tag);

  AckMode mode_;
  std::size_t prefetch_;
  HeldBytes& held_;
  Tag last_tag_ = 0;
  std::deque<Send> sent_;  ///< ascending by tag
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
};

}  // namespace stampede::gateway
