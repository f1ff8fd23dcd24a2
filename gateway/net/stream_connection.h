#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/net/net_shard.h"
#include "gateway/session/outbox.h"
#include "gateway/session/transport.h"
#include "shared/sockets/address_budget.h"
#include "shared/sockets/client_socket.h"

namespace stampede::gateway {

/// One client's byte stream: reads for its session, sends for it, ends in order. What the bytes
/// mean (WebSocket frames, plain STOMP) is the derived class's.
///
/// Owns itself from `start` until it has ended and its session is destroyed. Everything happens on
/// the shard's thread. While it is idle it holds no buffer. The shard outlives it.
class StreamConnection : public Transport,
                         public NetShard::Member,
                         public std::enable_shared_from_this<StreamConnection> {
 public:
  StreamConnection(const StreamConnection&) = delete;
  StreamConnection& operator=(const StreamConnection&) = delete;

  /// The client's place among the connections of its address, given back at the end.
  void keep(sockets::AddressBudget::Lease lease) noexcept { lease_ = std::move(lease); }
  /// Once. `leftover` has been read from the socket already.
  void start(std::shared_ptr<SessionInput> session, std::string leftover);

  void send(Slice slice) final;
  void close(CloseReason reason) final;
  void pause_reading() final;
  void resume_reading() final;
  [[nodiscard]] bool take_sent() noexcept final { return std::exchange(sent_, false); }
  [[nodiscard]] std::size_t queued_bytes() const final { return outbox_.bytes(); }
  [[nodiscard]] std::string_view peer() const final { return peer_; }

  void flush() final;
  void shut_down() final;
  void abandon() noexcept final;
  [[nodiscard]] Framing framing() const noexcept final { return outbox_.framing(); }

 protected:
  StreamConnection(NetShard& shard, sockets::ClientSocket socket, Framing framing,
                   std::string peer);
  ~StreamConnection() override = default;

  /// Takes bytes as they come and returns how many; fewer than all only when `takes_input` is
  /// false or after `go_on_later`. The rest comes again. The bytes may be changed.
  virtual std::size_t on_input(std::span<char> bytes) = 0;
  /// Whether `on_input` has something to do without another byte.
  [[nodiscard]] virtual bool holds_input() const noexcept { return false; }
  /// Queues what the protocol says at the end of a stream.
  virtual void say_goodbye(CloseReason reason) = 0;
  /// Everything queued is written and the connection is closing: finish, or wait for the peer.
  virtual void on_goodbye_sent() = 0;

  /// Not closed, and the session wants to read.
  [[nodiscard]] bool takes_input() const noexcept { return state_ != State::kClosed && !paused_; }
  [[nodiscard]] bool is_open() const noexcept { return state_ == State::kOpen; }
  [[nodiscard]] NetShard& shard() noexcept { return shard_; }

  /// Calls `on_input` again in another turn, before anything else is read: others wait, too.
  void go_on_later() { go_on_reading(); }

  /// From now on frames of at most this many bytes are sent compressed where that makes them
  /// smaller.
  void compress_frames(std::size_t largest_frame_bytes) {
    outbox_.take_deflated(largest_frame_bytes);
  }

  /// To the session, unless it has closed already.
  void deliver(std::string_view bytes);
  /// Refused when the outbox is full.
  bool try_enqueue(Slice slice);
  void enqueue(Slice slice);
  [[nodiscard]] bool all_sent() const noexcept { return outbox_.empty() && !socket_.holds_back(); }

  /// From now on the session hears and says nothing; the connection ends within the close timeout.
  void begin_closing(CloseReason reason);
  /// Tells the peer that nothing more comes, and goes on reading.
  void shut_down_sending();
  /// The end, with the reason that closing began with, or `otherwise` if it had not.
  void finish(CloseReason otherwise);

 private:
  enum class State : std::uint8_t { kOpen, kClosing, kClosed };

  void wait_readable();
  void on_readable();
  void on_end_of_input();
  void take_input(std::span<char> bytes);
  void go_on_reading();
  void wait_writable();
  void write_queued();
  void settle_form(Slice& slice);
  void on_overflow();
  void guarded(const std::function<void()>& work);

  // What a frame's way out touches comes first: FrameSink::kCacheLines, with the bases.
  NetShard& shard_;
  Outbox outbox_;
  State state_ = State::kOpen;
  CloseReason reason_ = CloseReason::kClientLeft;  ///< once closing
  bool reading_ = false;                           ///< waits for the socket to be readable
  bool writing_ = false;                           ///< waits for the socket to be writable
  bool paused_ = false;
  bool input_ended_ = false;  ///< the peer has ended its side of the stream
  bool going_on_ = false;     ///< will look at unread_ before the socket is read again
  bool overflowed_ = false;
  bool sent_ = false;  ///< since it was asked
  sockets::ClientSocket socket_;
  std::shared_ptr<SessionInput> session_;
  std::shared_ptr<StreamConnection> self_;
  std::string peer_;
  sockets::AddressBudget::Lease lease_;
  std::string unread_;  ///< read from the socket, kept while the session pauses
  TimerWheel::Timer close_timer_;
};

}  // namespace stampede::gateway
