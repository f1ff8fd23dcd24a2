#pragma once

#include <set>
#include <utility>
#include <vector>

#include "shared/ports/message_bus.h"
#include "tests/unit/simulation/plan.h"
#include "tests/unit/simulation/scheduler.h"

namespace stampede::simulation {

class SimBus;

/// The exchange that all gateways share, with the faults of the plan on the way to each.
class SimBroker {
 public:
  SimBroker(Scheduler& scheduler, const Plan& plan) : scheduler_(scheduler), plan_(plan) {}

  inline void route(const SimBus& from, const std::vector<MessageRef>& batch);
  inline void restart(Microseconds away);
  void join(SimBus& bus) { buses_.insert(&bus); }
  void leave(SimBus& bus) { buses_.erase(&bus); }

  [[nodiscard]] bool up() const noexcept { return up_; }
  [[nodiscard]] const Plan& plan() const noexcept { return plan_; }
  [[nodiscard]] Scheduler& scheduler() noexcept { return scheduler_; }

 private:
  struct ByAge {
    inline bool operator()(const SimBus* a, const SimBus* b) const noexcept;
  };

  Scheduler& scheduler_;
  const Plan& plan_;
  std::set<SimBus*, ByAge> buses_;
  bool up_ = true;
};

/// One gateway's end of it: publishes and binds go over two connections, as the adapter's do.
class SimBus final : public MessageBus {
 public:
  SimBus(SimBroker& broker, std::size_t number)
      : broker_(broker),
        number_(number),
        publish_(broker.scheduler(), broker.plan().slowest_wire),
        bind_(broker.scheduler(), broker.plan().slowest_wire),
        queue_(broker.scheduler(), broker.plan().slowest_wire) {
    broker_.join(*this);
  }

  void start(Executor& on, Handler handler) override {
    on_ = &on;
    handler_ = std::move(handler);
  }
  void bind(std::vector<BindingKey> keys, Reply<Result<void>> bound) override {
    bind_.carry([this, keys, bound] {
      if (!broker_.up()) return waiting_.emplace_back(keys, bound), void();
      add(keys, bound);
    });
  }
  void unbind(std::vector<BindingKey> keys) override {
    bind_.carry([this, keys] {
      for (const BindingKey& key : keys) bound_.erase(key);
    });
  }
  void publish(std::vector<MessageRef> batch) override {
    publish_.carry([this, batch] {
      if (alive_ && broker_.up()) broker_.route(*this, batch);
    });
  }

  void send(GatewayId, std::vector<MessageRef>) override {}  // nothing here is to one gateway

  void die() {
    alive_ = false;
    broker_.leave(*this);
  }
  void broker_back() {
    for (auto& [keys, bound] : std::exchange(waiting_, {})) add(keys, bound);
  }
  [[nodiscard]] std::size_t number() const noexcept { return number_; }

  /// The broker has a message for this gateway, if it has the room bound.
  void offer(const MessageRef& message) {
    const BindingKey key = binding_of(message->room);
    if (!bound_.contains(key) && !bound_.contains({key.partition, {}})) return;
    Scheduler& scheduler = broker_.scheduler();
    const Plan& plan = broker_.plan();
    if (scheduler.chance(plan.drop)) return;
    const Task arrival = [this, message] {
      if (!alive_ || !broker_.up()) return;
      on_->post([this, message] { handler_({message}); });
    };
    const auto late = [&] {
      scheduler.after(scheduler.between(Milliseconds(1), Milliseconds(200)), arrival);
    };
    if (scheduler.chance(plan.duplicate)) late();
    if (scheduler.chance(plan.delay)) return late();
    queue_.carry(arrival);
  }

 private:
  void add(const std::vector<BindingKey>& keys, const Reply<Result<void>>& bound) {
    if (broker_.plan().defect == Plan::Defect::kEarlyBind) {
      broker_.scheduler().after(Milliseconds(20),
                                [this, keys] { bound_.insert(keys.begin(), keys.end()); });
    } else {
      bound_.insert(keys.begin(), keys.end());
    }
    bind_.carry([bound] { bound(Result<void>()); });
  }

  SimBroker& broker_;
  std::size_t number_;
  Wire publish_;
  Wire bind_;
  Wire queue_;
  Executor* on_ = nullptr;
  Handler handler_;
  std::set<BindingKey> bound_;
  std::vector<std::pair<std::vector<BindingKey>, Reply<Result<void>>>> waiting_;
  bool alive_ = true;
};

bool SimBroker::ByAge::operator()(const SimBus* a, const SimBus* b) const noexcept {
  return a->number() < b->number();
}

void SimBroker::route(const SimBus& from, const std::vector<MessageRef>& batch) {
  for (SimBus* const bus : buses_) {
    if (bus == &from) continue;
    for (const MessageRef& message : batch) bus->offer(message);
  }
}

void SimBroker::restart(Microseconds away) {
  if (!std::exchange(up_, false)) return;
  scheduler_.after(away, [this] {
    up_ = true;
    for (SimBus* const bus : buses_) bus->broker_back();
  });
}

}  // namespace stampede::simulation
