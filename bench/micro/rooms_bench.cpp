// A room's order and its fan-out, without sockets.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>

#include "bench/micro/samples.h"
#include "gateway/rooms/audience.h"
#include "gateway/rooms/room_order.h"
#include "gateway/session/outbox.h"

namespace stampede::bench {
namespace {

constexpr std::size_t kBatch = 1'024;

std::vector<MessageRef> chain() {
  std::vector<MessageRef> out;
  for (Seq seq = 1; seq <= static_cast<Seq>(kBatch); ++seq)
    out.push_back(message(20, {seq, seq - 1}));
  return out;
}

void take_in(benchmark::State& state, const std::vector<MessageRef>& messages) {
  const Clock::Instant now{};
  std::vector<MessageRef> out;
  while (state.KeepRunning()) {
    gateway::RoomOrder order;
    out.clear();
    order.open(kNoSeq, out);
    for (const MessageRef& one : messages) order.offer(one, now, out);
    if (out.size() != messages.size()) return state.SkipWithError("not all were delivered");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * messages.size()));
}

void room_order_in_order(benchmark::State& state) { take_in(state, chain()); }
BENCHMARK(room_order_in_order);

/// Two gateways' messages overtake each other by up to eight places.
void room_order_disturbed(benchmark::State& state) {
  std::vector<MessageRef> messages = chain();
  std::mt19937 chance(1);
  for (std::size_t at = 0; at + 8 <= messages.size(); at += 8) {
    const auto first = messages.begin() + static_cast<std::ptrdiff_t>(at);
    std::shuffle(first, first + 8, chance);
  }
  take_in(state, messages);
}
BENCHMARK(room_order_disturbed);

/// A member whose peer reads at once.
class Member final : private gateway::FrameSink, public gateway::Subscriber {
 public:
  Member() : Subscriber(static_cast<FrameSink&>(*this), stomp::Version::kV12, "sub-0", false) {}
  void deliver_individually(const MessageRef&) override {}
  [[nodiscard]] std::size_t refused() const noexcept { return refused_; }

 private:
  void send(gateway::Slice frame) override {
    if (!outbox_.push(std::move(frame))) ++refused_;
    outbox_.consume(outbox_.bytes());
  }

  gateway::Outbox outbox_{gateway::Framing::kWebSocket, 1'000'000};
  std::size_t refused_ = 0;
};

/// One message into the outboxes of all members of a room.
void fan_out(benchmark::State& state) {
  std::vector<std::unique_ptr<Member>> members;
  gateway::Audience audience;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    members.push_back(std::make_unique<Member>());
    audience.add(*members.back());
  }
  const MessageRef sample = message(200, {2, 1});
  while (state.KeepRunning()) benchmark::DoNotOptimize(audience.deliver({&sample, 1}));
  if (members.front()->refused() > 0) return state.SkipWithError("a member was slow");
  state.SetItemsProcessed(state.iterations() * state.range(0));
  for (const auto& member : members) audience.remove(*member);
}
BENCHMARK(fan_out)->Arg(10)->Arg(100)->Arg(1'000);

}  // namespace
}  // namespace stampede::bench
