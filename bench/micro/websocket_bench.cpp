// A client's frame: header, unmasking, the check that it is UTF-8.
#include <benchmark/benchmark.h>

#include <cstring>

#include "bench/micro/samples.h"
#include "gateway/net/ws_decoder.h"

namespace stampede::bench {
namespace {

std::string masked_text(std::string payload) {
  constexpr unsigned char kMask[] = {0x12, 0x34, 0x56, 0x78};
  std::string frame("\x81", 1);
  frame += static_cast<char>(0x80 | 126);
  frame += static_cast<char>(payload.size() >> 8);
  frame += static_cast<char>(payload.size() & 0xff);
  frame.append(reinterpret_cast<const char*>(kMask), sizeof kMask);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    payload[i] = static_cast<char>(static_cast<unsigned char>(payload[i]) ^ kMask[i % 4]);
  }
  return frame + payload;
}

void websocket_message(benchmark::State& state) {
  const std::string frame = masked_text(send_frame(static_cast<std::size_t>(state.range(0))));
  std::string buffer = frame;
  gateway::WsDecoder decoder(gateway::WsLimits{});
  while (state.KeepRunning()) {
    // It is unmasked where it lies, so each round needs a new copy.
    std::memcpy(buffer.data(), frame.data(), frame.size());
    decoder.feed(buffer);
    while (true) {
      const gateway::WsEvent event = decoder.next();
      if (event.kind == gateway::WsEvent::Kind::kError) return state.SkipWithError("refused");
      if (event.kind == gateway::WsEvent::Kind::kNeedMore) break;
      benchmark::DoNotOptimize(event);
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * frame.size()));
}
BENCHMARK(websocket_message)->Arg(200)->Arg(4096);

}  // namespace
}  // namespace stampede::bench
