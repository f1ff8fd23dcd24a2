#pragma once

#include "gateway/session/session_context.h"
#include "shared/adapters/memory/memory.h"
#include "tests/support/fake_auth.h"
#include "tests/support/fake_bus.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_feed.h"
#include "tests/support/manual_executor.h"

namespace stampede::test {

/// One shard with the real rooms and publisher, over ports that the test plays.
class Shard {
 public:
  Shard() {
    dispatcher.start();
    fanout.attach_addressed(
        registry.shard(), [this](const std::vector<MessageRef>& batch) { queues.deliver(batch); });
  }

  void pass(Milliseconds time) {
    constexpr Milliseconds kStep{100};
    for (Milliseconds done{0}; done < time; done += kStep) {
      clock.advance(kStep);
      executor.advance(kStep);
      wheel.advance();
      executor.run();
    }
  }

  FakeClock clock;
  ManualExecutor executor;
  Metrics metrics;
  FakeBus bus;
  FakeFeed feed;
  gateway::LocalFanout fanout;
  TimerWheel wheel{clock};
  memory::MemoryRooms rooms{{}, clock};
  memory::MemoryDirectory directory{rooms};
  gateway::Dispatcher dispatcher{executor, clock, bus, fanout, GatewayId("gw"), {}, metrics};
  gateway::Backlog backlog{executor, clock, {}, directory, nullptr, metrics};
  gateway::RoomRegistry registry{executor, clock,      {},     directory, directory,
                                 backlog,  dispatcher, fanout, metrics};
  gateway::Publisher publisher{executor, clock,  registry.shard(), directory, feed,
                               bus,      fanout, registry,         metrics,   {}};
  memory::MemoryUsers users;
  memory::MemoryUserDirectory user_directory{users, GatewayId("gw")};
  gateway::UserQueues queues{executor, user_directory, metrics};
  gateway::DirectSender direct{executor, registry.shard(), GatewayId("gw"), user_directory,
                               bus,      fanout,           queues,          metrics};
  FakeAuth authenticator;
  auth::Admission admission{authenticator.ports(), std::chrono::hours(1), clock};
  gateway::Roster roster{executor};
  gateway::SessionContext context{executor,
                                  clock,
                                  wheel,
                                  registry,
                                  publisher,
                                  queues,
                                  direct,
                                  admission,
                                  roster,
                                  GatewayId("gw"),
                                  gateway::SessionLimits{},
                                  gateway::SessionMetrics(metrics)};
};

}  // namespace stampede::test
