#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gateway/app_backends.h"
#include "gateway/config/config.h"
#include "gateway/net/net_shard.h"
#include "gateway/net/tcp_entry.h"
#include "gateway/net/ws_entry.h"
#include "gateway/rooms/publisher.h"
#include "gateway/rooms/room_registry.h"
#include "gateway/session/session_context.h"
#include "gateway/session/token_bucket.h"
#include "shared/http/server.h"
#include "shared/runtime/loop.h"
#include "shared/runtime/ticker.h"
#include "shared/runtime/timer_wheel.h"

namespace stampede::gateway {

/// What clients may take of the process, counted over all shards. Any thread.
struct ClientBounds {
  explicit ClientBounds(const LimitOptions& limits)
      : connections(limits.max_connections),
        addresses(limits.max_address_connections, limits.trusted_proxies) {}

  ConnectionBudget connections;
  sockets::AddressBudget addresses;
  UserRates rates;
};

/// What all shards of the process work with.
struct ShardParts {
  const GatewayConfig& config;
  const GatewayId& gateway;
  Backends& backends;
  Backlog& backlog;
  Dispatcher& dispatcher;
  LocalFanout& fanout;
  const auth::Admission& admission;
  ClientBounds& bounds;
  http::Handler page;  ///< answers what is not API (the chat page); may be empty
  std::shared_ptr<const sockets::TlsIdentity> tls;  ///< none: clients are served in the clear
  Metrics& metrics;
};

/// One shard, put together: the listener, connections, sessions and rooms of one loop. Built and
/// destroyed by the main thread while the loop does not run; everything it is given outlives it.
class AppShard {
 public:
  AppShard(Loop& loop, std::size_t index, const ShardParts& parts);

  /// Before the loop starts. All shards listen on the same ports.
  Result<void> listen();

  /// Any thread. Every session looks again whether it may still be here.
  void review();

  /// Any thread. Takes no new clients, says goodbye to those there are, and runs `done` on the loop
  /// when they are gone and everything they sent is answered.
  void drain(Task done);

 private:
  std::shared_ptr<const http::Router> make_router(const ShardParts& parts);
  SessionFactory session_factory();
  void await_end(const Task& done);

  Loop& loop_;
  TimerWheel wheel_;
  RoomRegistry rooms_;
  Publisher publisher_;
  UserQueues queues_;
  DirectSender direct_;
  Roster roster_;
  SessionContext context_;
  std::string session_prefix_;
  std::uint64_t sessions_made_ = 0;
  NetShard net_;
  WsEntry entry_;
  http::Server server_;
  std::unique_ptr<TcpEntry> tcp_entry_;  ///< none unless configured
  Ticker ticker_;
};

}  // namespace stampede::gateway
