#pragma once

#include <future>
#include <memory>

#include "shared/auth/admission.h"
#include "shared/auth/authenticator.h"
#include "shared/base/error.h"
#include "shared/base/health.h"
#include "shared/base/metrics.h"
#include "shared/http/server.h"
#include "shared/ports/message_bus.h"
#include "shared/ports/message_feed.h"
#include "shared/ports/message_store.h"
#include "shared/ports/revocations.h"
#include "shared/ports/room_directory.h"
#include "shared/runtime/loop.h"
#include "shared/runtime/signals.h"
#include "shared/sockets/tls_identity.h"
#include "storage-worker/config/config.h"
#include "storage-worker/ingest.h"
#include "storage-worker/sweeper.h"

namespace stampede::worker {

/// One worker process, put together: a loop on which messages move from the broker to the database,
/// and one that serves HTTP, so that a large page of history does not hold up storing. Owned and
/// used by the main thread.
class App {
 public:
  /// The error says what could not be used; servers that are merely away are no error.
  static Result<std::unique_ptr<App>> build(const WorkerConfig& config);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  /// Opens the ports; the error names the address.
  Result<void> listen();
  /// Works until SIGINT or SIGTERM, then stores what it has, for at most `drain_timeout`.
  void run();

  [[nodiscard]] const Metrics& metrics() const noexcept { return metrics_; }

 private:
  explicit App(const WorkerConfig& config);
  Result<void> assemble();
  /// What SIGHUP asks for.
  void reload();
  Result<void> make_admission();
  void drain();

  const WorkerConfig config_;
  Metrics metrics_;
  Health health_;
  std::shared_ptr<sockets::TlsIdentity> tls_;  ///< none: clients are served in the clear
  Loop ingest_loop_{"ingest"};
  Loop http_loop_{"http"};
  std::unique_ptr<MessageStore> store_;
  StoredChains* chains_ = nullptr;  ///< the store's
  std::unique_ptr<MessageFeed> feed_;
  std::unique_ptr<MessageBus> bus_;
  std::unique_ptr<auth::Authenticator> authenticator_;
  std::unique_ptr<auth::Admission> admission_;
  std::shared_ptr<RoomDirectory> directory_;
  std::shared_ptr<Revocations> revocations_;
  std::unique_ptr<Ingest> ingest_;
  std::unique_ptr<Sweeper> sweeper_;
  sockets::AddressBudget addresses_;  ///< knows the proxies; bounds nothing
  std::unique_ptr<http::Server> api_;
  std::unique_ptr<http::Server> ops_;
  std::unique_ptr<Signals> signals_;
};

/// Brings the schema of `config.database_url` up to date and returns how many migrations that took.
Result<int> migrate(const WorkerConfig& config);

}  // namespace stampede::worker
