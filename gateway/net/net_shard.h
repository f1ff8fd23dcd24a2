#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <boost/intrusive/list.hpp>

#include "gateway/net/connection_budget.h"
#include "gateway/net/flush_queue.h"
#include "gateway/net/inflater.h"
#include "gateway/net/message_deflater.h"
#include "gateway/net/net_metrics.h"
#include "gateway/net/ws_decoder.h"
#include "shared/base/log.h"
#include "shared/http/origin_policy.h"
#include "shared/runtime/loop.h"
#include "shared/runtime/timer_wheel.h"
#include "shared/sockets/address_budget.h"

namespace stampede::gateway {

struct NetOptions {
  std::size_t outbox_bytes = 4UL * 1024 * 1024;  ///< a slow consumer is closed when as much waits
  Milliseconds close_timeout{5000};              ///< for flushing and the peer's part of a close
  WsLimits websocket;
  sockets::AddressBudget* addresses = nullptr;  ///< outlives the shard; none: no bound
  http::OriginPolicy origins{{}, false};        ///< whose pages may open WebSockets
  DeflateOptions deflate;
};

/// What the connections of one shard share: one read buffer (an idle connection has none), one
/// flush queue, one compressor, the metrics, and the list of them.
///
/// Owned by the composition root, used on the loop's thread. Loop, wheel, budget, metrics and
/// whatever sessions refer to outlive it. Destroy it while the loop does not run: connections that
/// are still open are dropped then, their sessions destroyed without `on_closed`.
class NetShard {
  struct Tag;
  using Hook =
      boost::intrusive::list_base_hook<boost::intrusive::tag<Tag>,
                                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

 public:
  /// A connection as its shard sees it.
  class Member : public FlushQueue::Item, public Hook {
   public:
    /// Asks the session to end.
    virtual void shut_down() = 0;
    /// Drops socket and session at once, silently.
    virtual void abandon() noexcept = 0;
    [[nodiscard]] virtual Framing framing() const noexcept = 0;

   protected:
    ~Member() = default;
  };

  NetShard(Loop& loop, TimerWheel& wheel, const NetOptions& options, ConnectionBudget& budget,
           Metrics& metrics);
  ~NetShard();
  NetShard(const NetShard&) = delete;
  NetShard& operator=(const NetShard&) = delete;

  /// Asks every session to end; `connections` tells when they are gone.
  void shut_down();
  [[nodiscard]] std::size_t connections() const noexcept { return open_[0] + open_[1]; }

  // For connections.
  [[nodiscard]] bool admit() noexcept { return budget_.take(); }
  /// What was admitted does not enter after all.
  void renounce() noexcept { budget_.give_back(); }
  /// The member leaves by being destroyed; until then its session may be abandoned.
  void enter(Member& member);
  void count_end(const Member& member, CloseReason reason);

  void count_write(std::size_t bytes) noexcept;
  void count_flush() noexcept { ++flushes_; }
  /// Brings what was counted since the last time to the metrics.
  void publish_counts();

  [[nodiscard]] Loop& loop() noexcept { return loop_; }
  [[nodiscard]] TimerWheel& wheel() noexcept { return wheel_; }
  [[nodiscard]] FlushQueue& flush_queue() noexcept { return flush_queue_; }
  [[nodiscard]] const NetOptions& options() const noexcept { return options_; }
  [[nodiscard]] const NetMetrics& metrics() const noexcept { return metrics_; }
  [[nodiscard]] const ConnectionBudget& budget() const noexcept { return budget_; }
  /// For one read and what follows from it, until the handler returns.
  [[nodiscard]] std::span<char> read_buffer() noexcept;
  [[nodiscard]] InflaterPool& inflaters() noexcept { return inflaters_; }
  [[nodiscard]] MessageDeflater& deflater() noexcept { return deflater_; }
  /// For lines that peers can provoke.
  [[nodiscard]] LogLimiter& peer_log() noexcept { return peer_log_; }

 private:
  Loop& loop_;
  TimerWheel& wheel_;
  NetOptions options_;
  ConnectionBudget& budget_;
  NetMetrics metrics_;
  std::unique_ptr<char[]> read_buffer_;
  InflaterPool inflaters_;
  MessageDeflater deflater_;
  FlushQueue flush_queue_;
  LogLimiter peer_log_{Milliseconds{1000}};
  boost::intrusive::list<Member, boost::intrusive::base_hook<Hook>,
                         boost::intrusive::constant_time_size<false>>
      members_;
  std::array<std::size_t, 2> open_{};  ///< indexed by Framing

  // Atomic counters that all shards share would be felt at every write.
  std::uint64_t writes_ = 0;
  std::uint64_t written_bytes_ = 0;
  std::uint64_t flushes_ = 0;
};

}  // namespace stampede::gateway
