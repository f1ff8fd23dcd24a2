#pragma once

#include <functional>
#include <memory>

#include "gateway/config/config.h"
#include "shared/auth/admission.h"
#include "shared/base/health.h"
#include "shared/base/metrics.h"
#include "shared/http/router.h"
#include "shared/ports/history.h"
#include "shared/ports/message_bus.h"
#include "shared/ports/message_feed.h"
#include "shared/ports/presence.h"
#include "shared/ports/revocations.h"
#include "shared/ports/room_directory.h"
#include "shared/ports/user_directory.h"
#include "shared/runtime/loop.h"

namespace stampede::gateway {

/// What stands behind the gateway's ports: RabbitMQ and Redis, or, embedded, everything in this
/// process. Built before `loop` starts and destroyed after it has stopped.
class Backends {
 public:
  virtual ~Backends() = default;

  [[nodiscard]] virtual MessageBus& bus() = 0;
  [[nodiscard]] virtual MessageFeed& feed() = 0;
  [[nodiscard]] virtual RoomDirectory& directory() = 0;
  [[nodiscard]] virtual UserDirectory& users() = 0;
  [[nodiscard]] virtual Presence& presence() = 0;
  /// Stored messages; null where there is no way to read them.
  [[nodiscard]] virtual History* history() = 0;

  [[nodiscard]] virtual Revocations& revocations() = 0;

  /// Adds the REST API where this process serves it (embedded). Its handlers run on `on` and ask
  /// `admission`, which outlives them.
  virtual void add_routes(http::Router& router, const auth::Admission& admission, Executor& on) = 0;
  /// On the loop's thread, after the last append is answered: finishes what is on its way to
  /// storage.
  virtual void drain(Task done) = 0;

  /// The error says what cannot be used and why; servers that are merely away are no error. Workers
  /// are shown the key that `authenticator` has, which outlives the backends.
  static Result<std::unique_ptr<Backends>> make(const GatewayConfig& config,
                                                const GatewayId& gateway,
                                                const auth::Authenticator& authenticator,
                                                Loop& loop, Metrics& metrics, Health& health);
};

}  // namespace stampede::gateway
