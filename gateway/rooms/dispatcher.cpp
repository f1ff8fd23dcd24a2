// An actor: shards post what they want, the bus posts what came, nothing here is locked.
#include "gateway/rooms/dispatcher.h"

#include <utility>

#include "shared/base/log.h"

namespace stampede::gateway {
namespace {

Counter unwanted(Metrics& metrics, const char* room) {
  return metrics.counter("stampede_gateway_bus_unwanted_total",
                         "Bus messages dropped because their room has no member here: it lingers, "
                         "or it is elsewhere and came with its partition.",
                         {{"room", room}});
}

}  // namespace

Dispatcher::Dispatcher(Executor& on, const Clock& clock, MessageBus& bus, LocalFanout& fanout,
                       GatewayId gateway, Options options, Metrics& metrics)
    : on_(on),
      clock_(clock),
      bus_(bus),
      fanout_(fanout),
      gateway_(std::move(gateway)),
      linger_(options.linger),
      plan_(options.max_room_bindings),
      bound_rooms_(metrics.gauge("stampede_gateway_bound_rooms",
                                 "Rooms this gateway is bound to, lingering ones included.")),
      bound_partitions_(metrics.gauge(
          "stampede_gateway_bound_partitions",
          "Partitions that are bound as a whole because many of their rooms are open here.")),
      received_(
          metrics.counter("stampede_gateway_bus_messages_total",
                          "Messages of other gateways and of workers that the bus delivered.")),
      unwanted_lingering_(unwanted(metrics, "lingering")),
      unwanted_elsewhere_(unwanted(metrics, "elsewhere")),
      rebound_(metrics.counter("stampede_gateway_rebound_total",
                               "Bindings made anew because a room's messages did not arrive.")) {}

void Dispatcher::start() {
  bus_.start(on_, [this](const std::vector<MessageRef>& batch) { on_batch(batch); });
}

void Dispatcher::open(ShardIndex shard, RoomName room, Reply<Result<void>> opened) {
  on_.post([this, shard, room = std::move(room), opened = std::move(opened)] {
    on_open(shard, room, opened);
  });
}

void Dispatcher::close(ShardIndex shard, RoomName room) {
  on_.post([this, shard, room = std::move(room)] { on_close(shard, room); });
}

void Dispatcher::rebind(RoomName room) {
  on_.post([this, room = std::move(room)] { on_rebind(room); });
}

void Dispatcher::on_rebind(const RoomName& name) {
  const auto key = plan_.heard_by(name);
  if (!key) return;
  rebound_.add();
  log_warn("room falls behind again and again, binding it anew",
           {{"room", name.str()}, {"whole_partition", key->whole_partition()}});
  bus_.unbind({*key});
  bus_.bind({*key}, Reply<Result<void>>(on_, [name](const Result<void>& result) {
              // The room's members stay; when it falls behind again, this is tried again.
              if (!result) {
                log_warn("room could not be bound anew",
                         {{"room", name.str()}, {"reason", result.error().detail}});
              }
            }));
}

void Dispatcher::on_open(ShardIndex shard, const RoomName& name,
                         const Reply<Result<void>>& opened) {
  auto [entry, created] = rooms_.try_emplace(name);
  Room& room = entry->second;
  room.shards |= std::uint64_t{1} << shard;
  if (created) {
    room.bound = plan_.want(name);
    change_bindings_later();
  }
  if (room.bound) {
    opened(Result<void>());
  } else {
    room.waiting.push_back(opened);
  }
}

/// At the end of the turn, so that a burst of rooms is one batch.
void Dispatcher::change_bindings_later() {
  if (std::exchange(change_scheduled_, true)) return;
  on_.post([this] {
    change_scheduled_ = false;
    change_bindings();
  });
}

void Dispatcher::change_bindings() {
  auto changes = plan_.take_changes();
  if (!changes.bind.empty()) {
    auto asked = changes.bind;
    bus_.bind(
        std::move(changes.bind),
        Reply<Result<void>>(on_, [this, asked = std::move(asked)](const Result<void>& result) {
          on_bound(asked, result);
        }));
  }
  if (!changes.unbind.empty()) bus_.unbind(std::move(changes.unbind));
  publish_counts();
}

void Dispatcher::publish_counts() {
  bound_rooms_.set(static_cast<double>(rooms_.size()));
  bound_partitions_.set(static_cast<double>(plan_.whole_partitions()));
}

void Dispatcher::on_bound(const std::vector<BindingKey>& keys, const Result<void>& result) {
  for (const RoomName& name : result ? plan_.bound(keys) : plan_.failed(keys)) {
    const auto entry = rooms_.find(name);
    if (entry == rooms_.end()) continue;
    entry->second.bound = result.has_value();
    const auto waiting = std::exchange(entry->second.waiting, {});
    if (!result) rooms_.erase(entry);
    for (const auto& opened : waiting) opened(result);
  }
  if (!result) {
    log_warn("rooms could not be bound",
             {{"bindings", keys.size()}, {"reason", result.error().detail}});
  }
  change_bindings();
  schedule_sweep();
}

void Dispatcher::on_close(ShardIndex shard, const RoomName& name) {
  const auto entry = rooms_.find(name);
  if (entry == rooms_.end()) return;
  Room& room = entry->second;
  room.shards &= ~(std::uint64_t{1} << shard);
  if (room.shards != 0) return;
  room.unused_since = clock_.now();
  schedule_sweep();
}

void Dispatcher::schedule_sweep() {
  if (sweep_scheduled_) return;
  sweep_scheduled_ = true;
  on_.post_after(linger_, [this] { sweep(); });
}

void Dispatcher::sweep() {
  sweep_scheduled_ = false;
  bool lingering = false;
  const auto now = clock_.now();
  for (auto entry = rooms_.begin(); entry != rooms_.end();) {
    const Room& room = entry->second;
    if (room.shards != 0 || !room.bound) {
      ++entry;
    } else if (now - room.unused_since < linger_) {
      lingering = true;
      ++entry;
    } else {
      plan_.drop(entry->first);
      entry = rooms_.erase(entry);
    }
  }
  change_bindings();
  if (lingering) schedule_sweep();
}

void Dispatcher::on_batch(const std::vector<MessageRef>& batch) {
  std::vector<std::vector<MessageRef>> by_shard;
  std::size_t received = 0;
  std::size_t lingering = 0;
  std::size_t elsewhere = 0;
  std::vector<MessageRef> addressed;
  for (const MessageRef& message : batch) {
    if (is_addressed(*message)) {
      ++received;
      addressed.push_back(message);
      continue;
    }
    // What is stored first comes from a worker, whoever sent it.
    if (message->origin == gateway_ && message->kind != MessageKind::kStoreFirst) continue;
    ++received;
    const auto entry = rooms_.find(message->room);
    const std::uint64_t shards = entry == rooms_.end() ? 0 : entry->second.shards;
    if (shards == 0) ++(entry == rooms_.end() ? elsewhere : lingering);
    for (ShardIndex shard = 0; shard < kMaxShards && shards >> shard != 0; ++shard) {
      if ((shards >> shard & 1) == 0) continue;
      if (by_shard.size() <= shard) by_shard.resize(shard + 1);
      by_shard[shard].push_back(message);
    }
  }
  if (!addressed.empty()) fanout_.deliver_addressed(addressed);
  received_.add(static_cast<double>(received));
  if (lingering > 0) unwanted_lingering_.add(static_cast<double>(lingering));
  if (elsewhere > 0) unwanted_elsewhere_.add(static_cast<double>(elsewhere));
  for (ShardIndex shard = 0; shard < by_shard.size(); ++shard) {
    if (!by_shard[shard].empty()) fanout_.deliver_to(shard, std::move(by_shard[shard]));
  }
}

}  // namespace stampede::gateway
