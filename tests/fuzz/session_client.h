#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/session/session.h"
#include "tests/fuzz/session_oracle.h"
#include "tests/support/fake_feed.h"

namespace stampede::fuzz {

/// What the clients of a shard share; the world owns it.
struct SessionPorts {
  Executor& executor;
  const Clock& clock;
  TimerWheel& wheel;
  RoomDirectory& directory;
  MessageBus& bus;
  gateway::LocalFanout& fanout;
  gateway::RoomRegistry& rooms;
  UserDirectory& users;
  gateway::UserQueues& queues;
  auth::Admission& admission;
  gateway::Roster& roster;
  Metrics& metrics;
  gateway::SessionLimits limits;
};

/// One session on a connection in memory, which keeps to the contract of gateway/session/
/// transport.h, and the oracle that listens in. One thread. Outlives the executor's tasks.
class SessionClient final : private gateway::Transport {
 public:
  SessionClient(const SessionPorts& ports, const std::set<RoomName>& bound_rooms,
                std::size_t number);

  /// Bytes arrive, in these reads; they wait while the session does not read.
  void receive(std::vector<std::string> pieces);
  /// Hands over what waits, as far as the session takes it; returns whether it took any.
  bool go_on();

  /// The peer is gone.
  void hang_up() { finish(gateway::CloseReason::kClientLeft); }
  /// The peer does not read.
  void overflow();
  void shut_down();

  /// Answers the append number `which` of those that wait, if there is one.
  void confirm(std::size_t which, const Result<void>& result);
  [[nodiscard]] std::size_t unconfirmed() const noexcept { return feed_.appends.size(); }

  /// A user whose rights have been taken back is not heard any more.
  void judge_revoked(std::string_view user) const;
  /// Looks at everything that has happened since the last time.
  void judge();
  /// Every port has answered: nothing waits any more.
  void judge_end() const;

 private:
  enum class State { kOpen, kClosing, kClosed };

  void send(gateway::Slice slice) override;
  [[nodiscard]] bool take_sent() noexcept override { return std::exchange(unasked_, false); }
  void close(gateway::CloseReason reason) override;
  void pause_reading() override;
  void resume_reading() override;
  [[nodiscard]] std::size_t queued_bytes() const override { return 0; }
  [[nodiscard]] std::string_view peer() const override { return "127.0.0.1:1"; }

  void finish(gateway::CloseReason reason);
  void listen();
  void hear_connected();
  void read_answer(const std::string& bytes);

  Executor& executor_;
  test::FakeFeed feed_;
  gateway::Publisher publisher_;
  gateway::DirectSender direct_;
  gateway::SessionContext context_;
  SessionOracle oracle_;
  stomp::Decoder client_frames_;  ///< reads what the session reads
  bool client_is_readable_ = true;
  bool awaits_connected_ = false;  ///< what the client sent behind CONNECT is not read yet
  std::string user_;               ///< as CONNECTED names it
  std::vector<std::string> sent_;  ///< not judged yet
  std::vector<std::vector<std::size_t>> appends_;  ///< the oracle's numbers of feed_.appends
  std::deque<std::string> unread_;
  State state_ = State::kOpen;
  bool session_closed_ = false;  ///< the session has closed
  bool told_ = false;            ///< the session knows that the connection is gone
  bool overflowed_ = false;
  bool unasked_ = false;  ///< a frame was sent since the session asked
  bool paused_ = false;
  std::unique_ptr<gateway::Session> session_;
};

}  // namespace stampede::fuzz
