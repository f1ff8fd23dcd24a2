#pragma once

#include <functional>
#include <vector>

#include "shared/base/executor.h"
#include "shared/model/message.h"
#include "shared/model/partition.h"

namespace stampede {

/// Live fan-out between gateways: at most once, quick, and only what this gateway has bound, which
/// is single rooms and whole partitions, and what is sent to it. A message that is published comes
/// once however many bindings it matches.
///
/// Methods may be called from any thread. The handler and the replies are posted, never run inside
/// a call. While the broker is away publishes are dropped and counted (room healing finds what was
/// missed), binds wait for the reconnect up to the adapter's bind timeout and everything that was
/// bound is bound again before anything new arrives.
class MessageBus {
 public:
  /// One call per batch that arrived together; a room's messages of one gateway come in the order
  /// published, those of several gateways in any.
  using Handler = std::function<void(std::vector<MessageRef>)>;

  virtual ~MessageBus() = default;

  /// Once, before any bind; what is sent to this gateway arrives soon afterwards. `handler` runs
  /// posted on `on`; messages of this gateway's own publishing come back only if the adapter cannot
  /// tell, and are then the handler's to drop.
  virtual void start(Executor& on, Handler handler) = 0;

  /// Replies when every message that matches one of `keys` and is published from then on, by any
  /// gateway, arrives here. kUnavailable after the bind timeout. Binding a bound key is answered
  /// like a new one.
  virtual void bind(std::vector<BindingKey> keys, Reply<Result<void>> bound) = 0;

  /// Messages that match no other key stop arriving some time later; those that do miss nothing.
  /// Unbinding an unbound key does nothing.
  virtual void unbind(std::vector<BindingKey> keys) = 0;

  /// Every other gateway that has the message's room or its partition bound gets it, once, unless
  /// the broker or the connection fails meanwhile. The messages carry their positions.
  virtual void publish(std::vector<MessageRef> batch) = 0;

  /// The gateway `to` gets the messages whatever it has bound, in the order sent; every gateway but
  /// this one when `to` is empty. As uncertain as `publish`; dropped when there is no such gateway.
  virtual void send(GatewayId to, std::vector<MessageRef> batch) = 0;
};

}  // namespace stampede
