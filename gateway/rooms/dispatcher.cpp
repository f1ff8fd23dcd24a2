// An actor: shards post what they want, the bus posts what came, nothing here is locked.
#include "gateway/rooms/dispatcher.h"

#include "shared/base/log.h"

namespace stampede::gateway {

Dispatcher::Dispatcher(Executor& on, const Clock& clock, MessageBus& bus, LocalFanout& fanout,
                       GatewayId gateway, Milliseconds linger, Metrics& metrics)
    : on_(on),
      clock_(clock),
      bus_(bus),
      fanout_(fanout),
      gateway_(std::move(gateway)),
      linger_(linger),
      to_bind_(on, [this](std::vector<RoomName> rooms) { bind(std::move(rooms)); }),
      bound_rooms_(metrics.gauge("stampede_gateway_bound_rooms",
                                 "Rooms this gateway is bound to, lingering ones included.")),
      received_(metrics.counter("stampede_gateway_bus_messages_total",
                                "Messages of other gateways that the bus delivered.")),
      unwanted_(metrics.counter("stampede_gateway_bus_unwanted_total",
                                "Bus messages dropped because the room has no member here.")) {}

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

void Dispatcher::on_open(ShardIndex shard, const RoomName& room,
                         const Reply<Result<void>>& opened) {
  auto [entry, created] = bindings_.try_emplace(room);
  Binding& binding = entry->second;
  binding.shards |= std::uint64_t{1} << shard;
  if (binding.bound) {
    opened(Result<void>());
    return;
  }
  binding.waiting.push_back(opened);
  if (!created) return;  // a bind is under way
  to_bind_.add(room);
}

void Dispatcher::bind(std::vector<RoomName> rooms) {
  auto asked = rooms;
  bus_.bind(std::move(rooms),
            Reply<Result<void>>(on_, [this, asked = std::move(asked)](const Result<void>& result) {
              on_bound(asked, result);
            }));
}

void Dispatcher::on_bound(const std::vector<RoomName>& rooms, const Result<void>& result) {
  if (!result) {
    log_warn("rooms could not be bound",
             {{"rooms", rooms.size()}, {"reason", result.error().detail}});
  }
  for (const RoomName& room : rooms) {
    const auto entry = bindings_.find(room);
    if (entry == bindings_.end()) continue;
    Binding& binding = entry->second;
    binding.bound = result.has_value();
    const auto waiting = std::exchange(binding.waiting, {});
    for (const auto& opened : waiting) opened(result);
    if (!result) bindings_.erase(entry);
  }
  bound_rooms_.set(static_cast<double>(bindings_.size()));
  schedule_sweep();
}

void Dispatcher::on_close(ShardIndex shard, const RoomName& room) {
  const auto entry = bindings_.find(room);
  if (entry == bindings_.end()) return;
  Binding& binding = entry->second;
  binding.shards &= ~(std::uint64_t{1} << shard);
  if (binding.shards != 0) return;
  binding.unused_since = clock_.now();
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
  std::vector<RoomName> unused;
  const auto now = clock_.now();
  for (auto entry = bindings_.begin(); entry != bindings_.end();) {
    const Binding& binding = entry->second;
    if (binding.shards != 0 || !binding.bound) {
      ++entry;
    } else if (now - binding.unused_since < linger_) {
      lingering = true;
      ++entry;
    } else {
      unused.push_back(entry->first);
      entry = bindings_.erase(entry);
    }
  }
  if (!unused.empty()) bus_.unbind(std::move(unused));
  bound_rooms_.set(static_cast<double>(bindings_.size()));
  if (lingering) schedule_sweep();
}

void Dispatcher::on_batch(const std::vector<MessageRef>& batch) {
  std::vector<std::vector<MessageRef>> by_shard;
  double received = 0;
  double unwanted = 0;
  for (const MessageRef& message : batch) {
    if (message->origin == gateway_) continue;
    ++received;
    const auto entry = bindings_.find(message->room);
    if (entry == bindings_.end() || entry->second.shards == 0) {
      ++unwanted;
      continue;
    }
    for (ShardIndex shard = 0; entry->second.shards >> shard != 0; ++shard) {
      if ((entry->second.shards >> shard & 1) == 0) continue;
      if (by_shard.size() <= shard) by_shard.resize(shard + 1);
      by_shard[shard].push_back(message);
    }
  }
  received_.add(received);
  if (unwanted > 0) unwanted_.add(unwanted);
  for (ShardIndex shard = 0; shard < by_shard.size(); ++shard) {
    if (!by_shard[shard].empty()) fanout_.deliver_to(shard, std::move(by_shard[shard]));
  }
}

}  // namespace stampede::gateway
