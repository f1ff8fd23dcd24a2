// Frames in, frames out.
#include <benchmark/benchmark.h>

#include "bench/micro/samples.h"
#include "gateway/session/frames.h"
#include "shared/stomp/decoder.h"

namespace stampede::bench {
namespace {

/// One SEND in one piece, as nearly every client's arrives.
void decode_send(benchmark::State& state) {
  const std::string bytes = send_frame(static_cast<std::size_t>(state.range(0)));
  stomp::Decoder decoder(stomp::DecoderLimits{});
  while (state.KeepRunning()) {
    decoder.feed(bytes);
    auto frame = decoder.next();
    if (!frame || !*frame) return state.SkipWithError("the frame was not decoded");
    benchmark::DoNotOptimize(frame);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}
BENCHMARK(decode_send)->Arg(20)->Arg(200)->Arg(4096);

/// The same cut into pieces of 64 bytes.
void decode_send_in_pieces(benchmark::State& state) {
  const std::string bytes = send_frame(200);
  stomp::Decoder decoder(stomp::DecoderLimits{});
  while (state.KeepRunning()) {
    for (std::size_t at = 0; at < bytes.size(); at += 64) {
      decoder.feed(std::string_view(bytes).substr(at, 64));
      auto frame = decoder.next();
      if (!frame) return state.SkipWithError("the frame is no frame");
      benchmark::DoNotOptimize(frame);
    }
  }
}
BENCHMARK(decode_send_in_pieces);

/// What a room pays once a message for each group of members that it looks the same to.
void encode_message(benchmark::State& state) {
  const MessageRef sample = message(static_cast<std::size_t>(state.range(0)), {2, 1});
  while (state.KeepRunning()) {
    benchmark::DoNotOptimize(gateway::message_frame(stomp::Version::kV12, "sub-0", *sample));
  }
}
BENCHMARK(encode_message)->Arg(20)->Arg(200)->Arg(4096);

void encode_receipt(benchmark::State& state) {
  while (state.KeepRunning()) {
    benchmark::DoNotOptimize(
        gateway::receipt_frame(stomp::Version::kV12, "42", Seq{1'700'000'000'000'000}));
  }
}
BENCHMARK(encode_receipt);

}  // namespace
}  // namespace stampede::bench
