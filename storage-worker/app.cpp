// Wiring only, and the one file of the worker that names adapters.
#include "storage-worker/app.h"

#include "shared/adapters/postgres/postgres.h"
#include "shared/adapters/rabbitmq/rabbitmq.h"
#include "shared/adapters/redis/redis.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/version.h"
#include "shared/http/ops_endpoints.h"
#include "storage-worker/api/api.h"

namespace stampede::worker {
namespace {

http::ServerOptions server_options(const char* name, const config::Endpoint& listen) {
  http::ServerOptions options;
  options.name = name;
  options.address = listen.address;
  options.port = listen.port;
  return options;
}

IngestOptions ingest_options(const WorkerConfig& config) {
  IngestOptions options;
  options.batch.rows = config.batch_rows;
  options.batch.wait = config.batch_wait;
  options.prefetch = config.prefetch;
  return options;
}

}  // namespace

Result<std::unique_ptr<App>> App::build(const WorkerConfig& config) {
  std::unique_ptr<App> app(new App(config));
  if (auto assembled = app->assemble(); !assembled) return assembled.error();
  return app;
}

App::App(const WorkerConfig& config) : config_(config), addresses_(0, config.trusted_proxies) {}

App::~App() {
  ingest_loop_.stop();
  http_loop_.stop();
}

Result<void> App::assemble() {
  if (config_.tls.enabled()) {
    auto identity =
        sockets::TlsIdentity::load({config_.tls.certificate, config_.tls.key}, metrics_);
    if (!identity) return identity.error();
    tls_ = *std::move(identity);
  }

  postgres::Options database;
  database.url = config_.database_url;
  database.readers = config_.database_readers;
  auto store = postgres::make_store(database, metrics_, health_);
  if (!store) return store.error();
  chains_ = store->get();
  store_ = *std::move(store);

  rabbitmq::Options broker;
  broker.url = config_.amqp_url;
  broker.self = GatewayId("worker." + random_hex(4));
  broker.publish_before_acks = true;
  auto ports = rabbitmq::make_ports(ingest_loop_, broker, metrics_, health_);
  if (!ports) return ports.error();
  feed_ = std::move(ports->feed);
  bus_ = std::move(ports->bus);

  redis::Options rooms;
  rooms.url = config_.redis_url;
  rooms.revocation_ttl = config_.auth.revocation_ttl;
  auto shared = redis::make_ports(http_loop_, rooms, metrics_, health_);
  if (!shared) return shared.error();
  directory_ = std::move(shared->directory);
  revocations_ = std::move(shared->revocations);
  if (auto made = make_admission(); !made) return made;

  ingest_ = std::make_unique<Ingest>(
      ingest_options(config_), Ingest::Ports{*feed_, *store_, *bus_, ingest_loop_, system_clock()},
      metrics_);

  SweeperOptions sweeping;
  sweeping.interval = config_.sweep_interval;
  sweeping.quiet = config_.sweep_quiet;
  sweeper_ = std::make_unique<Sweeper>(
      sweeping, Sweeper::Ports{*directory_, *chains_, *feed_, ingest_loop_, system_clock()},
      broker.self.str(), metrics_);

  auto api = std::make_shared<http::Router>();
  api->allow_pages(http::OriginPolicy(config_.allowed_origins, config_.listen.loopback()));
  add_api(*api, {*store_, *directory_, *admission_, *revocations_, http_loop_});
  http::ServerOptions serving = server_options("api", config_.listen);
  serving.tls = tls_;
  serving.addresses = &addresses_;
  serving.handshake_deadline = config_.tls.handshake_timeout;
  api_ = std::make_unique<http::Server>(http_loop_, std::move(serving), api, metrics_);
  auto ops = std::make_shared<http::Router>();
  http::add_ops_endpoints(*ops, health_, metrics_, version());
  ops_ = std::make_unique<http::Server>(http_loop_, server_options("ops", config_.metrics_listen),
                                        ops, metrics_);
  return {};
}

Result<void> App::make_admission() {
  auto authenticator = auth::Authenticator::make(config_.auth, system_clock(), metrics_);
  if (!authenticator) return authenticator.error();
  authenticator_ = *std::move(authenticator);
  admission_ = std::make_unique<auth::Admission>(auth::Admission::ports_of(*authenticator_),
                                                 config_.auth.revocation_ttl, system_clock());
  // Requests are short: what is revoked is refused from the next one on.
  revocations_->watch(http_loop_,
                      [this](const std::vector<Revocation>& news) { admission_->revoke(news); });
  return {};
}

Result<void> App::listen() {
  if (auto listening = ops_->listen(); !listening) return listening;
  if (auto listening = api_->listen(); !listening) return listening;
  log_info("worker listens", {{"address", config_.listen.address},
                              {"port", api_->local_port()},
                              {"metrics_port", ops_->local_port()},
                              {"tls", tls_ != nullptr}});
  return {};
}

void App::run() {
  std::promise<int> told;
  signals_ = std::make_unique<Signals>(
      http_loop_.context(), [&told](int signal) { told.set_value(signal); }, [this] { reload(); });
  ingest_->start();
  if (config_.sweep_interval > Milliseconds(0)) sweeper_->start();
  ingest_loop_.start();
  http_loop_.start();
  log_info("worker drains", {{"signal", told.get_future().get()}});
  drain();
  log_info("worker stops");
}

void App::reload() {
  if (tls_) return tls_->reload();
  log_info("nothing to reload on SIGHUP: there is no --tls-cert");
}

void App::drain() {
  health_.drain();
  http_loop_.post([this] { api_->stop_accepting(); });
  auto stored = std::make_shared<std::promise<void>>();
  auto drained = stored->get_future();
  ingest_loop_.post([this, stored] { ingest_->stop([stored] { stored->set_value(); }); });
  if (drained.wait_for(config_.drain_timeout) == std::future_status::ready) return;
  // They were not acked, so the broker gives them to another worker.
  log_warn("worker leaves messages unstored; they will be delivered again",
           {{"drain_timeout_ms", config_.drain_timeout.count()}});
}

Result<int> migrate(const WorkerConfig& config) { return postgres::migrate(config.database_url); }

}  // namespace stampede::worker
