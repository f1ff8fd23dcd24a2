// The socket is waited for, then read or written directly: one wait is all that an idle connection
// has, and a write costs a wait only when the peer is slow.
#include "gateway/net/stream_connection.h"

#include <array>
#include <cassert>
#include <exception>
#include <utility>

namespace stampede::gateway {
namespace {

using sockets::IoResult;
using sockets::IoStatus;

constexpr std::size_t kBuffersPerWrite = 64;

}  // namespace

StreamConnection::StreamConnection(NetShard& shard, sockets::ClientSocket socket, Framing framing,
                                   std::string peer)
    : shard_(shard),
      outbox_(framing, shard.options().outbox_bytes),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      close_timer_(shard.wheel(), [this] { finish(reason_); }) {}

void StreamConnection::start(std::shared_ptr<SessionInput> session, std::string leftover) {
  session_ = std::move(session);
  self_ = shared_from_this();
  unread_ = std::move(leftover);
  shard_.enter(*this);
  sockets::probe_when_silent(socket_.native_handle());
  go_on_reading();
}

// Reading

void StreamConnection::wait_readable() {
  if (reading_ || going_on_ || input_ended_ || !takes_input()) return;
  reading_ = true;
  socket_.wait_readable([self = shared_from_this()](boost::system::error_code ec) {
    self->reading_ = false;
    if (ec) return self->finish(CloseReason::kTransportFailed);
    self->guarded([&] { self->on_readable(); });
  });
}

void StreamConnection::on_readable() {
  if (going_on_ || !takes_input()) return;
  // One read a turn, so that a peer that sends without end does not keep the others waiting.
  const std::span<char> buffer = shard_.read_buffer();
  const IoResult result = socket_.read_some(buffer);
  switch (result.status) {
    case IoStatus::kDone:
      shard_.metrics().received_bytes.add(static_cast<double>(result.bytes));
      take_input(buffer.first(result.bytes));
      break;
    case IoStatus::kWouldBlock: break;
    case IoStatus::kEnd: return on_end_of_input();
    case IoStatus::kFailed: return finish(CloseReason::kTransportFailed);
  }
  wait_readable();
}

/// A peer that has asked for something and ended its side waits for the answer. One that is gone
/// altogether looks the same until it is written to.
void StreamConnection::on_end_of_input() {
  input_ended_ = true;
  if (state_ == State::kOpen) {
    close_timer_.arm(shard_.options().close_timeout);
    session_->on_end_of_input();
  } else if (all_sent()) {
    finish(reason_);
  }
}

void StreamConnection::take_input(std::span<char> bytes) {
  const std::size_t taken = on_input(bytes);
  if (state_ != State::kClosed)
    unread_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(taken), bytes.end());
}

void StreamConnection::deliver(std::string_view bytes) {
  if (state_ == State::kOpen) session_->on_bytes(bytes);
}

void StreamConnection::pause_reading() { paused_ = state_ == State::kOpen; }

void StreamConnection::resume_reading() {
  if (!std::exchange(paused_, false)) return;
  go_on_reading();
}

/// Posted, because a session is never called from inside its own call.
void StreamConnection::go_on_reading() {
  if (std::exchange(going_on_, true)) return;
  shard_.loop().post([self = shared_from_this()] {
    self->going_on_ = false;
    if (!self->takes_input()) return;
    self->guarded([&] {
      std::string bytes = std::exchange(self->unread_, {});
      if (!bytes.empty() || self->holds_input()) self->take_input(bytes);
      self->wait_readable();
    });
  });
}

// Writing

void StreamConnection::send(Slice slice) {
  assert(shard_.loop().is_current());
  if (state_ != State::kOpen || overflowed_) return;
  sent_ = true;
  if (try_enqueue(slice)) return;
  // Perhaps only this turn was long: what the kernel takes now need not wait for its end.
  if (!writing_) write_queued();
  if (state_ == State::kOpen && !try_enqueue(std::move(slice))) on_overflow();
}

bool StreamConnection::try_enqueue(Slice slice) {
  settle_form(slice);
  if (!outbox_.push(std::move(slice))) return false;
  if (!writing_) shard_.flush_queue().add(*this);
  return true;
}

void StreamConnection::enqueue(Slice slice) {
  settle_form(slice);
  outbox_.push_anyway(std::move(slice));
  if (!writing_) shard_.flush_queue().add(*this);
}

void StreamConnection::settle_form(Slice& slice) {
  if (outbox_.takes_deflated(slice)) shard_.deflater().deflate(slice);
}

void StreamConnection::flush() {
  if (state_ == State::kClosed || writing_) return;
  shard_.count_flush();
  write_queued();
}

void StreamConnection::write_queued() {
  std::array<iovec, kBuffersPerWrite> buffers;
  while (!all_sent()) {
    const std::size_t count = outbox_.gather(buffers);
    const IoResult result = socket_.write_some(std::span(buffers).first(count));
    if (result.status == IoStatus::kWouldBlock) return wait_writable();
    if (result.status != IoStatus::kDone) return finish(CloseReason::kTransportFailed);
    shard_.count_write(result.bytes);
    outbox_.consume(result.bytes);
  }
  if (state_ != State::kClosing) return;
  if (input_ended_) return finish(reason_);
  on_goodbye_sent();
}

void StreamConnection::wait_writable() {
  writing_ = true;
  socket_.wait_writable([self = shared_from_this()](boost::system::error_code ec) {
    self->writing_ = false;
    if (self->state_ == State::kClosed) return;
    if (ec) return self->finish(CloseReason::kTransportFailed);
    self->write_queued();
    self->shard_.publish_counts();
  });
}

/// Everything that waits is dropped: what the client does not take now it can ask for again with
/// its position, and the session's last words must not stand behind it.
void StreamConnection::on_overflow() {
  overflowed_ = true;
  shard_.metrics().limits.hit(Limit::kOutbox);
  const std::size_t queued = outbox_.held_bytes();
  shard_.metrics().dropped_bytes.add(static_cast<double>(outbox_.drop_unsent()));
  shard_.loop().post([self = shared_from_this(), queued] {
    if (self->state_ != State::kOpen) return;
    self->overflowed_ = false;
    self->guarded([&] { self->session_->on_overflow(queued); });
    // There is a hole in what the client gets, so the connection cannot go on whatever the session
    // has done.
    self->close(CloseReason::kSlowConsumer);
  });
}

// The end

void StreamConnection::close(CloseReason reason) {
  assert(shard_.loop().is_current());
  if (state_ != State::kOpen) return;
  if (reason == CloseReason::kTransportFailed) return finish(reason);
  begin_closing(reason);
  say_goodbye(reason);
  if (!writing_) shard_.flush_queue().add(*this);  // also when there is nothing left to say
}

void StreamConnection::shut_down() {
  if (state_ != State::kOpen) return;
  guarded([&] { session_->on_shutdown(); });
}

void StreamConnection::begin_closing(CloseReason reason) {
  state_ = State::kClosing;
  reason_ = reason;
  close_timer_.arm(shard_.options().close_timeout);
  resume_reading();
}

void StreamConnection::shut_down_sending() { socket_.end_sending(); }

void StreamConnection::finish(CloseReason otherwise) {
  if (state_ == State::kClosed) return;
  const CloseReason reason = state_ == State::kClosing ? reason_ : otherwise;
  state_ = State::kClosed;
  close_timer_.cancel();
  leave_flush_queue();
  socket_.close();
  shard_.count_end(*this, reason);
  lease_ = {};
  shard_.loop().post([self = std::move(self_), reason] {
    self->guarded([&] { self->session_->on_closed(reason); });
    self->session_.reset();
  });
}

void StreamConnection::abandon() noexcept {
  const std::shared_ptr<StreamConnection> self = std::move(self_);
  state_ = State::kClosed;
  close_timer_.cancel();
  leave_flush_queue();
  socket_.close();
  session_.reset();
}

/// A fault in one session ends that session only.
void StreamConnection::guarded(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& error) {
    log_error("session failed", {{"peer", peer_}, {"what", error.what()}});
    close(CloseReason::kInternalError);
  }
}

}  // namespace stampede::gateway
