// The factory: everything that can be wrong with the options is said here, at start.
#include "shared/adapters/redis/redis.h"

#include <string_view>

#include "shared/adapters/redis/directory.h"

namespace stampede::redis {
namespace {

Result<void> check(const Options& options) {
  const auto wrong = [](const std::string& what) { return Error(Errc::kInvalidArgument, what); };
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
  if (options.prefix.empty() || options.prefix.size() > 100 ||
      options.prefix.find_first_not_of(kAllowed) != std::string::npos) {
    return wrong("the Redis key prefix is 1 to 100 characters of [A-Za-z0-9._:-]");
  }
  if (options.recent_messages == 0) return wrong("the number of recent messages is at least 1");
  if (options.timeout < Milliseconds(10)) return wrong("the Redis timeout is at least 10 ms");
  if (options.lease < Milliseconds(100)) return wrong("the Redis lease is at least 100 ms");
  if (options.recent_ttl < Milliseconds(1) || options.key_ttl < Milliseconds(1)) {
    return wrong("the times that Redis remembers rooms and keys are at least 1 ms");
  }
  if (options.revocation_ttl < Milliseconds(1) || options.revocation_poll < Milliseconds(1)) {
    return wrong("the times of revocations are at least 1 ms");
  }
  if (options.backoff_min < Milliseconds(1) || options.backoff_max < options.backoff_min) {
    return wrong("the pause before a reconnect is at least 1 ms, and its maximum not below that");
  }
  return {};
}

Result<std::unique_ptr<Directory>> make(Loop& loop, const Options& options, Metrics& metrics,
                                        Health& health) {
  if (auto checked = check(options); !checked) return checked.error();
  auto server = parse_redis_url(options.url);
  if (!server) return server.error();
  return std::make_unique<Directory>(loop, options, std::move(*server), metrics, health);
}

}  // namespace

Result<std::unique_ptr<RoomDirectory>> make_directory(Loop& loop, const Options& options,
                                                      Metrics& metrics, Health& health) {
  auto made = make(loop, options, metrics, health);
  if (!made) return made.error();
  return std::unique_ptr<RoomDirectory>(*std::move(made));
}

Result<Ports> make_ports(Loop& loop, const Options& options, Metrics& metrics, Health& health) {
  auto made = make(loop, options, metrics, health);
  if (!made) return made.error();
  const std::shared_ptr<Directory> one = *std::move(made);
  return Ports{one, one, one, one};
}

}  // namespace stampede::redis
