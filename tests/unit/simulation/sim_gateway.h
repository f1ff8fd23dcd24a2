#pragma once

#include <array>
#include <memory>
#include <string>

#include "gateway/rooms/publisher.h"
#include "tests/unit/simulation/sim_broker.h"
#include "tests/unit/simulation/sim_directory.h"
#include "tests/unit/simulation/sim_storage.h"

namespace stampede::simulation {

/// The servers that all gateways share.
struct Servers {
  Servers(Scheduler& scheduler, const Plan& plan)
      : rooms({plan.recent_messages, 1UL << 20, Milliseconds(300'000), Seconds(600)},
              scheduler.clock()),
        broker(scheduler, plan),
        storage(scheduler, plan) {}

  memory::MemoryRooms rooms;
  Truth truth;
  SimBroker broker;
  SimStorage storage;
};

/// A gateway without its network: the product's own rooms, on two shards and a thread for the
/// dispatcher and the backlog. A dead one is kept until the run ends, because others' events still
/// name it.
class SimGateway {
 public:
  static constexpr std::size_t kShards = 2;

  SimGateway(Scheduler& scheduler, const Plan& plan, Servers& servers, Metrics& metrics,
             std::size_t number)
      : id_("gateway-" + std::to_string(number)),
        hub_(scheduler),
        directory_(scheduler, plan, servers.rooms, servers.truth),
        presence_(servers.rooms),
        bus_(servers.broker, number),
        feed_(servers.storage),
        dispatcher_(hub_, scheduler.clock(), bus_, fanout_, id_, {Milliseconds(50), 32}, metrics),
        backlog_(hub_, scheduler.clock(), {}, directory_, &feed_, metrics) {
    for (auto& shard : shards_) {
      shard = std::make_unique<Shard>(*this, scheduler, metrics);
    }
    dispatcher_.start();
  }

  [[nodiscard]] const GatewayId& id() const noexcept { return id_; }
  [[nodiscard]] bool alive() const noexcept { return alive_; }
  [[nodiscard]] SimDirectory& directory() noexcept { return directory_; }
  SimExecutor& on(std::size_t shard) { return shards_[shard]->on; }
  gateway::RoomRegistry& rooms(std::size_t shard) { return shards_[shard]->rooms; }
  gateway::Publisher& publisher(std::size_t shard) { return shards_[shard]->publisher; }

  /// As by SIGKILL: what it has not sent is lost, and for a lease's time it is taken for alive.
  void die() {
    alive_ = false;
    hub_.die();
    for (auto& shard : shards_) shard->on.die();
    directory_.die();
    bus_.die();
    feed_.die();
  }

 private:
  struct Shard {
    Shard(SimGateway& of, Scheduler& scheduler, Metrics& metrics)
        : on(scheduler),
          rooms(on, scheduler.clock(), {}, of.directory_, of.presence_, of.backlog_, of.dispatcher_,
                of.fanout_, metrics),
          publisher(on, scheduler.clock(), rooms.shard(), of.directory_, of.feed_, of.bus_,
                    of.fanout_, rooms, metrics, {}) {}

    SimExecutor on;
    gateway::RoomRegistry rooms;
    gateway::Publisher publisher;
  };

  GatewayId id_;
  bool alive_ = true;
  SimExecutor hub_;
  gateway::LocalFanout fanout_;
  SimDirectory directory_;
  memory::MemoryDirectory presence_;  ///< which nobody watches
  SimBus bus_;
  SimFeed feed_;
  gateway::Dispatcher dispatcher_;
  gateway::Backlog backlog_;
  std::array<std::unique_ptr<Shard>, kShards> shards_;
};

}  // namespace stampede::simulation
