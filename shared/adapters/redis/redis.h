#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "shared/base/clock.h"
#include "shared/base/health.h"
#include "shared/base/metrics.h"
#include "shared/ports/presence.h"
#include "shared/ports/revocations.h"
#include "shared/ports/room_directory.h"
#include "shared/ports/user_directory.h"
#include "shared/runtime/loop.h"

namespace stampede::redis {

struct Options {
  /// `redis://[user:password@]host[:port][/database]`; see url.h.
  std::string url = "redis://127.0.0.1:6379";
  /// Whose members are registered. Empty: only reads and `sequence`, no lease (a worker).
  GatewayId gateway{};
  /// First part of every key; 1 to 100 of `[A-Za-z0-9._:-]`. Gateways and workers that share rooms
  /// share it.
  std::string prefix = "stampede";

  std::size_t recent_messages = 1'000;  ///< kept of each room; fewer when large (scripts.cpp)
  Milliseconds recent_ttl{600'000};     ///< how long a room without members is remembered
  Milliseconds key_ttl{300'000};        ///< how long a sender's `message-key` is remembered
  Milliseconds lease{15'000};           ///< then the members of a dead gateway are gone
  Milliseconds revocation_ttl{24 * 3'600'000};  ///< how long a revocation is remembered
  Milliseconds revocation_poll{500};            ///< between two looks at what was revoked
  Milliseconds timeout{2'000};                  ///< of one command, and of connecting
  Milliseconds backoff_min{50};                 ///< between attempts to connect, doubled after each
  Milliseconds backoff_max{2'000};
  std::size_t pending_bytes = 64 * 1024 * 1024;  ///< unanswered; then `sequence` is kOverloaded
};

/// The directory in Redis 7. Never blocks; connects, and connects again, by itself. All work is
/// done on `loop`'s thread.
///
/// While Redis is away `sequence` and `find` answer kUnavailable at once; `enter`, `recent`,
/// `rooms` and `members` wait for it up to the timeout. A member whose `enter` failed is remembered
/// like any other and registered when Redis is back, until it leaves: the caller decides whether it
/// stays. Redis may lose its data: every gateway registers its members again, and everything is
/// `remote` for a lease's time.
///
/// A key remembered is the sender's own: two users may use the same one.
///
/// Reports the component `redis` to `health`. `loop`, `metrics` and `health` outlive the directory.
/// Stop the loop before destroying it; what is unanswered then is answered kCancelled, and members
/// that were not taken away vanish when the lease ends, as after a crash. The process ignores
/// SIGPIPE (runtime/signals.h): hiredis writes to sockets that the server may have closed.
///
/// kInvalidArgument: an option is out of range, `detail` says which and what is allowed.
Result<std::unique_ptr<RoomDirectory>> make_directory(Loop& loop, const Options& options,
                                                      Metrics& metrics, Health& health);

/// What Redis does for one program, over one connection. The ports are one object, which goes when
/// all have been let go.
struct Ports {
  std::shared_ptr<RoomDirectory> directory;
  std::shared_ptr<Presence> presence;
  std::shared_ptr<Revocations> revocations;
  std::shared_ptr<UserDirectory> users;
};

/// The ports together; everything said of `make_directory` holds for each.
/// Revocations are looked for while somebody watches. `revoke` waits for Redis up to the timeout.
/// When Redis has lost its data, whoever remembers revocations writes them again.
Result<Ports> make_ports(Loop& loop, const Options& options, Metrics& metrics, Health& health);

}  // namespace stampede::redis
