#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "shared/adapters/redis/reads.h"
#include "shared/adapters/redis/registrar.h"
#include "shared/adapters/redis/revocation_log.h"
#include "shared/adapters/redis/sequencer.h"
#include "shared/adapters/redis/user_queues.h"

namespace stampede::redis {

/// The ports: takes calls from any thread to the loop, and decides which of them wait while Redis
/// is away. The rest is the parts'.
class Directory final : public RoomDirectory,
                        public Presence,
                        public Revocations,
                        public UserDirectory {
 public:
  Directory(Loop& loop, const Options& options, Server server, Metrics& metrics, Health& health);
  ~Directory() override;
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  void sequence(std::vector<SequenceRequest> batch,
                Reply<std::vector<Result<Sequenced>>> sequenced) override;
  void enter(std::vector<Member> members, Reply<std::vector<Result<Seq>>> entered) override;
  void leave(std::vector<Member> members) override;
  void recent(RoomName room, Seq after, std::size_t limit,
              Reply<Result<std::vector<MessageRef>>> found) override;
  void last(std::vector<RoomName> rooms, Reply<Result<std::vector<Seq>>> found) override;
  void rooms(RoomsQuery query, Reply<Result<std::vector<RoomSummary>>> found) override;
  void members(RoomName room, Reply<Result<std::vector<Member>>> found) override;

  void watch_changes(Executor& on, Presence::News news) override;
  void users(RoomName room, std::size_t limit, Reply<Result<RoomUsers>> found) override;
  void versions(std::vector<RoomName> rooms, Reply<Result<std::vector<Seq>>> found) override;
  void depart(Milliseconds grace, Reply<Result<void>> departed) override;

  void enter(std::vector<QueueSession> sessions, Reply<Result<void>> entered) override;
  void leave(std::vector<QueueSession> sessions) override;
  void find(std::vector<UserQueue> queues, Reply<Result<Places>> found) override;

  void revoke(Revocation revocation, Reply<Result<void>> revoked) override;
  void watch(Executor& on, Revocations::News news) override;

 private:
  /// Does the work, or answers with the reason why it is not done.
  using Call = std::function<void(const Error* refused)>;
  struct Held {
    Clock::Instant deadline;
    Call call;
  };

  void submit(Call call);
  void run_calls();
  void when_open(Call call);
  void expire_held();
  void open();
  void close(const std::string& reason);
  [[nodiscard]] Error away() const;
  /// What a directory without a lease says to who wants to enter.
  [[nodiscard]] Result<void> check_registers() const;
  void send_enter(const std::vector<Member>& members,
                  const Reply<std::vector<Result<Seq>>>& entered);

  Loop& loop_;
  const Options options_;
  const Keys keys_;
  Health& health_;

  std::mutex mutex_;
  std::vector<Call> calls_;  ///< guarded by mutex_; made and not yet run

  // The loop's thread only.
  std::vector<Call> running_;
  std::deque<Held> held_;  ///< wait for Redis, oldest first
  bool open_ = false;      ///< connected, and registered if we register
  Membership membership_;
  PresenceNews news_;
  Connection connection_;
  Context context_;
  Registrar registrar_;
  Sequencer sequencer_;
  Reads reads_;
  RevocationLog revocations_;
  UserQueues users_;
};

}  // namespace stampede::redis
