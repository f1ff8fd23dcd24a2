// Wiring only: what knows what, which loop it lives on, in which order it goes.
#include "gateway/app.h"

#include <algorithm>
#include <thread>

#include "shared/base/log.h"
#include "shared/base/version.h"
#include "shared/http/ops_endpoints.h"
#include "shared/http/static_files.h"
#include "shared/sockets/listener.h"

namespace stampede::gateway {
namespace {

/// The name says which gateway, the random part which run of it.
GatewayId new_gateway_id(const std::string& name) { return GatewayId(name + "." + random_hex(4)); }

std::size_t shard_count(std::size_t configured) {
  const std::size_t cores = std::max<std::size_t>(1, std::thread::hardware_concurrency());
  return std::min<std::size_t>(configured == 0 ? cores : configured, kMaxShards);
}

/// The shards share their ports, which only this process may have. Makes a port of 0 a real one.
Result<void> claim(config::Endpoint& endpoint) {
  const auto port = sockets::claim_port(endpoint.address, endpoint.port);
  if (!port) return port.error();
  endpoint.port = *port;
  return {};
}

}  // namespace

Result<std::unique_ptr<App>> App::build(const GatewayConfig& config) {
  std::unique_ptr<App> app(new App(config));
  if (auto assembled = app->assemble(); !assembled) return assembled.error();
  return app;
}

App::App(const GatewayConfig& config)
    : config_(config),
      gateway_(new_gateway_id(config.name)),
      bounds_(config.limits),
      shard_count_(shard_count(config.shards)) {
  make_loops();
}

App::~App() {
  for (const auto& loop : loops_) loop->stop();
  ops_loop_.stop();
}

/// A message goes from its shard to the servers' connections and back twice. Where there is one
/// shard those are on its loop, which saves four wake-ups and 30 % of the gateway's CPU; several
/// shards share connections, on a loop of their own, so that broker and directory get large
/// batches.
void App::make_loops() {
  for (std::size_t i = 0; i < shard_count_; ++i) {
    loops_.push_back(std::make_unique<Loop>("shard-" + std::to_string(i)));
  }
  if (shard_count_ > 1) loops_.push_back(std::make_unique<Loop>("backend"));
  backend_ = loops_.back().get();
}

Result<void> App::assemble() {
  if (auto claimed = claim(config_.listen); !claimed) return claimed;
  if (config_.stomp_tcp) {
    if (auto claimed = claim(*config_.stomp_tcp); !claimed) return claimed;
  }

  if (config_.tls.enabled()) {
    auto identity =
        sockets::TlsIdentity::load({config_.tls.certificate, config_.tls.key}, metrics_);
    if (!identity) return identity.error();
    tls_ = *std::move(identity);
  }

  if (auto made = make_admission(); !made) return made;
  auto backends = Backends::make(config_, gateway_, *authenticator_, *backend_, metrics_, health_);
  if (!backends) return backends.error();
  backends_ = *std::move(backends);

  http::Handler page;
  if (!config_.web_root.empty()) {
    auto files = http::StaticFiles::load(config_.web_root);
    if (!files) return files.error();
    page = files->handler();
  }

  Dispatcher::Options rooms;
  rooms.linger = config_.linger;
  rooms.max_room_bindings = config_.max_room_bindings;
  dispatcher_ = std::make_unique<Dispatcher>(*backend_, system_clock(), backends_->bus(), fanout_,
                                             gateway_, rooms, metrics_);
  backlog_ = std::make_unique<Backlog>(*backend_, system_clock(), Backlog::Options{},
                                       backends_->directory(), backends_->history(), metrics_);
  const ShardParts parts{config_,     gateway_, *backends_, *backlog_, *dispatcher_, fanout_,
                         *admission_, bounds_,  page,       tls_,      metrics_};
  for (std::size_t i = 0; i < shard_count_; ++i) {
    shards_.push_back(std::make_unique<AppShard>(*loops_[i], i, parts));
  }
  dispatcher_->start();
  PresenceAnnouncer::Options presence;
  presence.most_listed = config_.presence_events;
  announcer_ = std::make_unique<PresenceAnnouncer>(*backend_, system_clock(), gateway_, presence,
                                                   backends_->presence(), backends_->bus(), fanout_,
                                                   metrics_);
  announcer_->start();
  watch_admission();

  auto router = std::make_shared<http::Router>();
  http::add_ops_endpoints(*router, health_, metrics_, version(),
                          [this](Task task) { after_a_turn(std::move(task), loops_.size()); });
  http::ServerOptions options;
  options.name = "ops";
  options.address = config_.metrics_listen.address;
  options.port = config_.metrics_listen.port;
  ops_ = std::make_unique<http::Server>(ops_loop_, options, router, metrics_);
  return {};
}

void App::after_a_turn(Task task, std::size_t loops_left) {
  if (loops_left == 0) return ops_loop_.post(std::move(task));
  loops_[loops_left - 1]->post([this, loops_left, task = std::move(task)]() mutable {
    after_a_turn(std::move(task), loops_left - 1);
  });
}

Result<void> App::make_admission() {
  auto authenticator = auth::Authenticator::make(config_.auth, system_clock(), metrics_);
  if (!authenticator) return authenticator.error();
  authenticator_ = *std::move(authenticator);
  admission_ = std::make_unique<auth::Admission>(auth::Admission::ports_of(*authenticator_),
                                                 config_.auth.revocation_ttl, system_clock());
  return {};
}

void App::watch_admission() {
  authenticator_->on_change(*backend_, [this] { review(); });
  backends_->revocations().watch(*backend_, [this](const std::vector<Revocation>& news) {
    if (admission_->revoke(news)) review();
  });
}

void App::review() {
  for (const auto& shard : shards_) shard->review();
}

Result<void> App::listen() {
  if (auto listening = ops_->listen(); !listening) return listening;
  for (const auto& shard : shards_) {
    if (auto listening = shard->listen(); !listening) return listening;
  }
  log_info("gateway listens", {{"gateway", gateway_.str()},
                               {"address", config_.listen.address},
                               {"port", config_.listen.port},
                               {"metrics_port", ops_->local_port()},
                               {"shards", shards_.size()},
                               {"tls", tls_ != nullptr},
                               {"mode", config_.embedded() ? "embedded" : "cluster"}});
  if (config_.stomp_tcp) {
    log_info("gateway listens for STOMP over TCP",
             {{"address", config_.stomp_tcp->address}, {"tcp_port", config_.stomp_tcp->port}});
  }
  log_who_may_come();
  return {};
}

void App::log_who_may_come() const {
  if (config_.auth.enabled()) {
    log_info("clients log in", {{"users_file", !config_.auth.users_file.empty()},
                                {"tokens", !config_.auth.jwt_keys.empty()}});
  } else if (config_.auth.allow_anonymous) {
    log_warn("anyone who reaches the address may chat under any name");
  } else {
    log_info("without authentication only this machine can connect");
  }
}

void App::run() {
  signals_ = std::make_unique<Signals>(
      ops_loop_.context(),
      [this](int signal) {
        log_info("gateway drains", {{"signal", signal}});
        drain();
      },
      [this] { reload(); });
  ops_loop_.start();
  for (const auto& loop : loops_) loop->start();
  finished_.get_future().wait();
  log_info("gateway stops", {{"gateway", gateway_.str()}});
}

void App::reload() {
  if (tls_) return tls_->reload();
  log_info("nothing to reload on SIGHUP: there is no --tls-cert");
}

void App::drain() {
  health_.drain();
  ops_loop_.post_after(config_.drain_timeout, [this] {
    if (!has_finished_) {
      log_warn("gateway could not finish in time",
               {{"drain_timeout_ms", config_.drain_timeout.count()}});
      has_finished_ = true;
      finished_.set_value();
    }
  });
  draining_ = shards_.size();
  for (const auto& shard : shards_) {
    shard->drain([this] {
      ops_loop_.post([this] {
        if (--draining_ == 0) finish_storage();
      });
    });
  }
}

void App::finish_storage() {
  // Clients that were sent away come back through another gateway, and their users have not left
  // then. Who does not is cleaned up after.
  const auto finish = [this] {
    if (std::exchange(has_finished_, true)) return;
    finished_.set_value();
  };
  backends_->presence().depart(config_.presence_grace,
                               Reply<Result<void>>(*backend_, [this, finish](const auto&) {
                                 backends_->drain([this, finish] { ops_loop_.post(finish); });
                               }));
}

}  // namespace stampede::gateway
