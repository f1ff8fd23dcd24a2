#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <vector>

#include "gateway/app_backends.h"
#include "gateway/app_shard.h"
#include "gateway/config/config.h"
#include "gateway/rooms/backlog.h"
#include "gateway/rooms/dispatcher.h"
#include "gateway/rooms/local_fanout.h"
#include "gateway/rooms/presence_announcer.h"
#include "shared/auth/admission.h"
#include "shared/auth/authenticator.h"
#include "shared/base/health.h"
#include "shared/base/metrics.h"
#include "shared/http/server.h"
#include "shared/runtime/loop.h"
#include "shared/runtime/signals.h"
#include "shared/sockets/tls_identity.h"

namespace stampede::gateway {

/// One gateway process, put together: a loop per shard, one for the servers' connections and the
/// dispatcher where there are several shards, and one for the metrics port and the process' end.
/// Owned and used by the main thread.
class App {
 public:
  /// The error says what could not be used; servers that are merely away are no error.
  static Result<std::unique_ptr<App>> build(const GatewayConfig& config);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  /// Opens the ports; the error names the address.
  Result<void> listen();
  /// Serves until SIGINT or SIGTERM, then lets clients and storage finish, at most `drain_timeout`.
  void run();

  [[nodiscard]] const Metrics& metrics() const noexcept { return metrics_; }

 private:
  explicit App(const GatewayConfig& config);
  void make_loops();
  /// The task runs on the ops loop once each of `loops_` has had a turn: never while one hangs.
  void after_a_turn(Task task, std::size_t loops_left);
  Result<void> assemble();
  Result<void> make_admission();
  /// Once the shards are there.
  void watch_admission();
  /// Users, keys or rights have changed: those who are in are checked again. Backend's loop.
  void review();
  void log_who_may_come() const;
  /// What SIGHUP asks for.
  void reload();
  void drain();
  void finish_storage();

  GatewayConfig config_;
  const GatewayId gateway_;
  Metrics metrics_;
  Health health_;
  LocalFanout fanout_;
  ClientBounds bounds_;
  std::shared_ptr<sockets::TlsIdentity> tls_;  ///< none: clients are served in the clear
  /// Its part of the process goes on whatever the others are busy with.
  Loop ops_loop_{"ops"};
  const std::size_t shard_count_;
  /// The shards', in order, then the backend's, if it has one. Backends answer what is open when
  /// they are destroyed, so these live longer.
  std::vector<std::unique_ptr<Loop>> loops_;
  Loop* backend_ = nullptr;  ///< of `loops_`
  std::unique_ptr<auth::Authenticator> authenticator_;
  std::unique_ptr<auth::Admission> admission_;
  std::unique_ptr<Backends> backends_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<Backlog> backlog_;
  std::unique_ptr<PresenceAnnouncer> announcer_;
  std::vector<std::unique_ptr<AppShard>> shards_;
  std::unique_ptr<http::Server> ops_;
  std::unique_ptr<Signals> signals_;
  std::size_t draining_ = 0;  ///< shards not drained yet; ops loop
  std::promise<void> finished_;
  bool has_finished_ = false;  ///< ops loop
};

}  // namespace stampede::gateway
