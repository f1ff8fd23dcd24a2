#pragma once

#include <cstddef>
#include <string_view>

#include "gateway/session/close_reason.h"
#include "gateway/session/frame_sink.h"

namespace stampede::gateway {

/// A session's way out: a WebSocket or TCP connection. Owned by itself, used by its session on the
/// shard's thread; calls after `close` do nothing.
///
/// What is sent and goes over the outbox's bound calls `SessionInput::on_overflow` once, posted.
class Transport : public FrameSink {
 public:
  virtual ~Transport() = default;

  /// Whether a frame was sent since this was asked last.
  [[nodiscard]] virtual bool take_sent() noexcept = 0;

  /// Writes what is queued, then closes with the reason (WebSocket: close handshake with its code
  /// and text, bounded in time). `SessionInput::on_closed` follows, posted, exactly once.
  virtual void close(CloseReason reason) = 0;

  /// Bytes read are kept from the session, and soon nothing more is read, until `resume_reading`.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;

  /// Bytes queued and not written yet.
  [[nodiscard]] virtual std::size_t queued_bytes() const = 0;

  /// The peer's address as text, for logs.
  [[nodiscard]] virtual std::string_view peer() const = 0;
};

/// A connection's way in. Called on the shard's thread, never inside a call of the transport.
class SessionInput {
 public:
  virtual ~SessionInput() = default;

  /// Bytes of the STOMP stream, cut anywhere; valid during the call.
  virtual void on_bytes(std::string_view bytes) = 0;
  /// The peer reads slower than it is sent to; the session says so and closes.
  virtual void on_overflow(std::size_t queued_bytes) = 0;
  /// The peer says nothing more, but may still read: answer what is under way, then close. Bounded
  /// by the transport's close timeout.
  virtual void on_end_of_input() = 0;
  /// The gateway drains: take nothing new, answer what is under way, then close.
  virtual void on_shutdown() = 0;
  /// The connection is gone; the transport is not to be used again.
  virtual void on_closed(CloseReason reason) = 0;
};

}  // namespace stampede::gateway
