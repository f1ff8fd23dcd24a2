// The only place of the gateway that names adapters.
#include "gateway/app_backends.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "shared/adapters/memory/memory.h"
#include "shared/adapters/rabbitmq/rabbitmq.h"
#include "shared/adapters/redis/redis.h"
#include "shared/adapters/rest/rest.h"
#include "shared/adapters/sqlite/sqlite.h"
#include "shared/base/clock.h"
#include "storage-worker/api/api.h"
#include "storage-worker/ingest.h"

namespace stampede::gateway {
namespace {

/// Bounds in bytes are made for many messages of the usual size; where larger ones are allowed they
/// hold some of the largest. A live message that is over its bound would be dropped.
std::size_t holding_largest(std::size_t bytes, const GatewayConfig& config) {
  constexpr std::size_t kLargest = 8;
  return std::max(bytes,
                  kLargest * (config.limits.max_body_bytes + config.limits.max_header_bytes));
}

/// A gateway of a cluster: storage and REST are the workers'.
class ClusterBackends final : public Backends {
 public:
  static Result<std::unique_ptr<Backends>> make(const GatewayConfig& config,
                                                const GatewayId& gateway,
                                                const auth::Authenticator& authenticator,
                                                Loop& loop, Metrics& metrics, Health& health) {
    rabbitmq::Options broker;
    broker.url = config.amqp_url;
    broker.self = gateway;
    broker.bind_timeout = config.bind_timeout;
    for (std::size_t* const bound : {&broker.append_bytes, &broker.bus_queue_bytes,
                                     &broker.bus_unsent_bytes, &broker.bus_unhandled_bytes}) {
      *bound = holding_largest(*bound, config);
    }
    auto ports = rabbitmq::make_ports(loop, broker, metrics, health);
    if (!ports) return ports.error();

    redis::Options directory_options;
    directory_options.url = config.redis_url;
    directory_options.gateway = gateway;
    directory_options.recent_messages = config.recent_messages;
    directory_options.pending_bytes = holding_largest(directory_options.pending_bytes, config);
    directory_options.key_ttl = config.message_key_ttl;
    directory_options.revocation_ttl = config.auth.revocation_ttl;
    auto shared = redis::make_ports(loop, directory_options, metrics, health);
    if (!shared) return shared.error();

    std::unique_ptr<History> history;
    if (!config.history_url.empty()) {
      rest::Options options;
      options.url = config.history_url;
      options.authorization = [&authenticator] { return authenticator.admin_authorization(); };
      auto reader = rest::make_history(loop, options, metrics);
      if (!reader) return reader.error();
      history = *std::move(reader);
    }

    auto made = std::make_unique<ClusterBackends>();
    made->history_ = std::move(history);
    made->ports_ = *std::move(ports);
    made->shared_ = *std::move(shared);
    return made;
  }

  MessageBus& bus() override { return *ports_.bus; }
  MessageFeed& feed() override { return *ports_.feed; }
  RoomDirectory& directory() override { return *shared_.directory; }
  UserDirectory& users() override { return *shared_.users; }
  Presence& presence() override { return *shared_.presence; }
  Revocations& revocations() override { return *shared_.revocations; }
  History* history() override { return history_.get(); }
  void add_routes(http::Router&, const auth::Admission&, Executor&) override {}
  void drain(Task done) override { done(); }

 private:
  rabbitmq::Ports ports_;
  redis::Ports shared_;
  std::unique_ptr<History> history_;
};

/// Gateway and worker in one process, over memory and one SQLite file. Ingest and writer share a
/// loop: a message on its way to the disk wakes one thread, and its confirm the shard.
class EmbeddedBackends final : public Backends {
 public:
  static Result<std::unique_ptr<Backends>> make(const GatewayConfig& config,
                                                const GatewayId& gateway, Loop& loop,
                                                Metrics& metrics, Health& health) {
    auto made = std::make_unique<EmbeddedBackends>(config, gateway, loop, metrics);
    const auto path = std::filesystem::path(config.data_dir) / "stampede.db";
    auto store = sqlite::open_store({path}, {made->storage_, made->history_}, system_clock(),
                                    metrics, health);
    if (!store) return store.error();
    made->start(*std::move(store), metrics);
    return made;
  }

  EmbeddedBackends(const GatewayConfig& config, const GatewayId& gateway, Loop& loop,
                   Metrics& metrics)
      : loop_(loop),
        bus_(broker_, gateway),
        queue_(queue_limits(config), metrics),
        rooms_(room_limits(config), system_clock()),
        user_directory_(users_, gateway),
        revocations_(config.auth.revocation_ttl, system_clock()) {}
  ~EmbeddedBackends() override {
    history_.stop();
    storage_.stop();
  }

  MessageBus& bus() override { return bus_; }
  MessageFeed& feed() override { return feed_; }
  RoomDirectory& directory() override { return directory_; }
  UserDirectory& users() override { return user_directory_; }
  Presence& presence() override { return directory_; }
  Revocations& revocations() override { return revocations_; }
  History* history() override { return store_.get(); }
  void add_routes(http::Router& router, const auth::Admission& admission, Executor& on) override {
    worker::add_api(router, {*store_, directory_, admission, revocations_, on});
  }
  void drain(Task done) override {
    storage_.post(
        [this, done = std::move(done)] { ingest_->stop([this, done] { loop_.post(done); }); });
  }

 private:
  void start(std::unique_ptr<MessageStore> store, Metrics& metrics) {
    store_ = std::move(store);
    ingest_.emplace(ingest_options(),
                    worker::Ingest::Ports{feed_, *store_, storage_bus_, storage_, system_clock()},
                    metrics);
    ingest_->start();
    storage_.start();
    history_.start();
  }

  /// Nothing is gained by waiting for more, nor by a second batch in flight: what comes while the
  /// loop commits one is read after it and makes the next.
  static worker::IngestOptions ingest_options() {
    worker::IngestOptions options;
    options.batch.wait = Milliseconds(0);
    options.batches_in_flight = 1;
    return options;
  }
  static memory::MemoryQueue::Limits queue_limits(const GatewayConfig& config) {
    memory::MemoryQueue::Limits limits;
    limits.bytes = holding_largest(limits.bytes, config);
    return limits;
  }
  static memory::MemoryRooms::Limits room_limits(const GatewayConfig& config) {
    memory::MemoryRooms::Limits limits;
    limits.recent_messages = config.recent_messages;
    limits.key_ttl = config.message_key_ttl;
    return limits;
  }

  Loop& loop_;
  /// For what blocks on the disk; everything else of the process stays off these.
  Loop storage_{"storage"};
  Loop history_{"history"};
  memory::MemoryBroker broker_;
  memory::MemoryBus bus_;
  /// The end of the ingest, so that the gateway hears what that publishes.
  memory::MemoryBus storage_bus_{broker_, GatewayId("storage")};
  memory::MemoryQueue queue_;
  memory::MemoryFeed feed_{queue_};
  memory::MemoryRooms rooms_;
  memory::MemoryDirectory directory_{rooms_};
  memory::MemoryUsers users_;
  memory::MemoryUserDirectory user_directory_;
  memory::MemoryRevocations revocations_;
  std::unique_ptr<MessageStore> store_;
  std::optional<worker::Ingest> ingest_;  ///< on `storage_`
};

}  // namespace

Result<std::unique_ptr<Backends>> Backends::make(const GatewayConfig& config,
                                                 const GatewayId& gateway,
                                                 const auth::Authenticator& authenticator,
                                                 Loop& loop, Metrics& metrics, Health& health) {
  if (config.embedded()) return EmbeddedBackends::make(config, gateway, loop, metrics, health);
  return ClusterBackends::make(config, gateway, authenticator, loop, metrics, health);
}

}  // namespace stampede::gateway
