// What waits for a connection: queued, gathered for one write, and let go.
#include <benchmark/benchmark.h>

#include <array>

#include "bench/micro/samples.h"
#include "gateway/session/frames.h"
#include "gateway/session/outbox.h"

namespace stampede::bench {
namespace {

/// So many messages a turn of the loop, all of them written at once.
void outbox_turn(benchmark::State& state) {
  const gateway::Slice frame =
      gateway::message_frame(stomp::Version::kV12, "sub-0", *message(200, {2, 1}));
  gateway::Outbox outbox(gateway::Framing::kWebSocket, 1'000'000);
  std::array<iovec, 64> buffers{};
  while (state.KeepRunning()) {
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      if (!outbox.push(frame)) return state.SkipWithError("the outbox is full");
    }
    benchmark::DoNotOptimize(outbox.gather(buffers));
    outbox.consume(outbox.bytes());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(outbox_turn)->Arg(1)->Arg(4)->Arg(16)->Arg(64);

/// A peer that takes a third of a frame at a time.
void outbox_slow_peer(benchmark::State& state) {
  const gateway::Slice frame =
      gateway::message_frame(stomp::Version::kV12, "sub-0", *message(200, {2, 1}));
  gateway::Outbox outbox(gateway::Framing::kWebSocket, 1'000'000);
  std::array<iovec, 64> buffers{};
  while (state.KeepRunning()) {
    for (int i = 0; i < 16; ++i) {
      if (!outbox.push(frame)) return state.SkipWithError("the outbox is full");
    }
    while (!outbox.empty()) {
      benchmark::DoNotOptimize(outbox.gather(buffers));
      outbox.consume(std::min(outbox.bytes(), frame.websocket().size() / 3));
    }
  }
  state.SetItemsProcessed(state.iterations() * 16);
}
BENCHMARK(outbox_slow_peer);

}  // namespace
}  // namespace stampede::bench
