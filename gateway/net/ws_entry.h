#pragma once

#include "gateway/net/net_shard.h"
#include "gateway/net/session_factory.h"
#include "shared/http/upgrade.h"

namespace stampede::gateway {

/// Where HTTP ends and a session begins: answers the handshake, makes connection and session. Give
/// `accept` to `http::Server::upgrade`. One per shard, on its thread; the shard outlives it.
class WsEntry {
 public:
  WsEntry(NetShard& shard, SessionFactory make_session);

  /// Refuses with a reason (400, 426, 403 for a page of a foreign origin, 503 when the process
  /// holds as many connections as it may).
  void accept(http::UpgradeRequest request);

 private:
  [[nodiscard]] Result<void> check_origin(const http::UpgradeRequest::Head& head) const;

  NetShard& shard_;
  SessionFactory make_session_;
};

}  // namespace stampede::gateway
