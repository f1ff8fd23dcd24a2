#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <set>
#include <string_view>

#include "shared/adapters/memory/memory.h"
#include "tests/fuzz/session_client.h"
#include "tests/fuzz/switched_directory.h"
#include "tests/support/fake_auth.h"
#include "tests/support/fake_bus.h"
#include "tests/support/fake_clock.h"
#include "tests/support/manual_executor.h"

namespace stampede::fuzz {

/// One shard of a gateway with the real sessions, rooms and publishers over ports that a script
/// plays: it decides what arrives when, what is answered and how, and how time passes. One thread.
class SessionWorld {
 public:
  static constexpr std::size_t kClients = 3;

  explicit SessionWorld(Metrics& metrics);

  /// One line of the script without its `!`; what is not known does nothing.
  void play(std::string_view line);
  /// Bytes of the current client arrive.
  void receive(std::vector<std::string> pieces);
  /// Answers whatever still waits, then looks at what must have happened by now.
  void end();

 private:
  void run();
  void pass(Milliseconds time);
  void answer_bind(std::size_t which, const Result<void>& result);
  void sequence_elsewhere(std::string_view room, std::string_view body);
  void arrive(std::size_t which);
  void arrive_direct(std::string_view user, std::string_view queue, std::string_view body);
  void set_directory(std::string_view mode);
  void set_logins(std::string_view mode);
  void revoke(std::string_view user);
  bool answer_all();
  SessionClient& client();

  test::FakeClock clock_;
  test::ManualExecutor executor_;
  test::FakeBus bus_;
  gateway::LocalFanout fanout_;
  TimerWheel wheel_{clock_};
  memory::MemoryRooms rooms_{{}, clock_};
  memory::MemoryDirectory here_{rooms_};
  memory::MemoryDirectory elsewhere_{rooms_};
  SwitchedDirectory directory_{here_};
  gateway::Dispatcher dispatcher_;
  gateway::Backlog backlog_;
  gateway::RoomRegistry registry_;
  memory::MemoryUsers users_;
  memory::MemoryUserDirectory user_directory_{users_, GatewayId("gw")};
  gateway::UserQueues queues_;
  test::FakeAuth authenticator_;
  auth::Admission admission_{authenticator_.ports(), std::chrono::hours(1), clock_};
  gateway::Roster roster_{executor_};
  SessionPorts ports_;
  std::set<RoomName> bound_rooms_;
  std::vector<MessageRef> remote_;  ///< of another gateway, on its way
  std::array<std::unique_ptr<SessionClient>, kClients> clients_;
  std::size_t current_ = 0;
  Milliseconds time_left_;
};

}  // namespace stampede::fuzz
