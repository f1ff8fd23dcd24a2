#pragma once

#include <cstddef>
#include <string>

namespace stampede::bench {

/// The work that every way of driving the library does: publish persistent messages to one quorum
/// queue, with at most `window` of them unconfirmed, until all are confirmed.
struct Work {
  std::string url;
  std::size_t messages = 100'000;
  std::size_t body_bytes = 200;
  std::size_t window = 1'000;
};

inline constexpr const char* kQueue = "stampede-bench-drive";
inline constexpr const char* kPrefix = "stampede-bench-feed";

/// The library's own blocking I/O on the calling thread.
void drive_blocking(const Work& work);
/// The library as a codec, Asio for the I/O, as the adapter does it.
void drive_codec(const Work& work);
/// The whole adapter: MessageFeed::append in batches of 50 from another thread. Spreads over the
/// four storage queues.
void drive_feed(const Work& work);
/// Binds `rooms` rooms over MessageBus::bind, 500 a call.
void drive_binds(const std::string& url, std::size_t rooms);

/// Exchanges and queues of the last two; over the blocking library.
void remove_topology(const std::string& url);

}  // namespace stampede::bench
