#pragma once

#include <csignal>

#include "shared/adapters/redis/redis.h"
#include "tests/contract/asking.h"

namespace stampede::test {

/// A gateway, or a worker, as far as Redis is concerned: a loop and a directory on it. Destroying
/// it is a crash: nobody says good-bye to Redis.
class RedisGateway final : public RoomDirectory, public Presence {
 public:
  explicit RedisGateway(const redis::Options& options) {
    std::signal(SIGPIPE, SIG_IGN);
    auto made = redis::make_ports(loop_, options, metrics_, health_);
    if (!made) throw std::runtime_error(made.error().detail);
    directory_ = std::move(made->directory);
    presence_ = std::move(made->presence);
    revocations_ = std::move(made->revocations);
    users_ = std::move(made->users);
    loop_.start();
  }
  ~RedisGateway() override {
    loop_.stop();
    revocations_.reset();
    users_.reset();
    presence_.reset();
    directory_.reset();
  }

  void wait_ready() {
    if (!eventually([this] { return health_.ready(); })) {
      throw std::runtime_error("Redis is not ready: " + reason());
    }
  }
  [[nodiscard]] bool ready() const { return health_.ready(); }
  [[nodiscard]] std::string reason() const { return health_.components().at(0).reason; }
  [[nodiscard]] std::string metrics() const { return metrics_.expose(); }
  Loop& loop() { return loop_; }
  Revocations& revocations() { return *revocations_; }
  UserDirectory& users() { return *users_; }

  void sequence(std::vector<SequenceRequest> batch,
                Reply<std::vector<Result<Sequenced>>> sequenced) override {
    directory_->sequence(std::move(batch), std::move(sequenced));
  }
  void enter(std::vector<Member> members, Reply<std::vector<Result<Seq>>> entered) override {
    directory_->enter(std::move(members), std::move(entered));
  }
  void leave(std::vector<Member> members) override { directory_->leave(std::move(members)); }
  void recent(RoomName room, Seq after, std::size_t limit,
              Reply<Result<std::vector<MessageRef>>> found) override {
    directory_->recent(std::move(room), after, limit, std::move(found));
  }
  void last(std::vector<RoomName> rooms, Reply<Result<std::vector<Seq>>> found) override {
    directory_->last(std::move(rooms), std::move(found));
  }
  void rooms(RoomsQuery query, Reply<Result<std::vector<RoomSummary>>> found) override {
    directory_->rooms(std::move(query), std::move(found));
  }
  void members(RoomName room, Reply<Result<std::vector<Member>>> found) override {
    directory_->members(std::move(room), std::move(found));
  }

  void watch_changes(Executor& on, News news) override {
    presence_->watch_changes(on, std::move(news));
  }
  void users(RoomName room, std::size_t limit, Reply<Result<RoomUsers>> found) override {
    presence_->users(std::move(room), limit, std::move(found));
  }
  void versions(std::vector<RoomName> rooms, Reply<Result<std::vector<Seq>>> found) override {
    presence_->versions(std::move(rooms), std::move(found));
  }
  void depart(Milliseconds grace, Reply<Result<void>> departed) override {
    presence_->depart(grace, std::move(departed));
  }

 private:
  Loop loop_{"redis"};
  Metrics metrics_;
  Health health_;
  std::shared_ptr<RoomDirectory> directory_;
  std::shared_ptr<Presence> presence_;
  std::shared_ptr<Revocations> revocations_;
  std::shared_ptr<UserDirectory> users_;
};

}  // namespace stampede::test
