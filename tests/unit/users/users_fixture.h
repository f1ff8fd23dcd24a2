#pragma once

#include <gtest/gtest.h>

#include "gateway/users/direct_sender.h"
#include "gateway/users/user_queues.h"
#include "tests/support/fake_bus.h"
#include "tests/support/manual_executor.h"

namespace stampede::gateway {

/// A directory that answers when the test says so.
class FakeUserDirectory final : public UserDirectory {
 public:
  void enter(std::vector<QueueSession> sessions, Reply<Result<void>> reply) override {
    calls += std::to_string(sessions.size()) + "+ ";
    entered.push_back(std::move(reply));
  }
  void leave(std::vector<QueueSession> sessions) override {
    calls += std::to_string(sessions.size()) + "- ";
  }
  void find(std::vector<UserQueue> queues, Reply<Result<Places>> reply) override {
    calls += std::to_string(queues.size()) + "? ";
    found.push_back(std::move(reply));
  }

  std::string calls;
  std::vector<Reply<Result<void>>> entered;
  std::vector<Reply<Result<Places>>> found;
};

/// Counts what it gets.
class Reader final : private FrameSink, public Subscriber {
 public:
  Reader() : Subscriber(static_cast<FrameSink&>(*this), stomp::Version::kV12, "0", false) {}
  void deliver_individually(const MessageRef&) override { FAIL() << "it acknowledges by itself"; }

  int got = 0;

 private:
  void send(Slice) override { ++got; }
};

class UsersTest : public testing::Test {
 protected:
  static UserQueue queue(const std::string& user) { return {UserId(user), RoomName("notes")}; }
  static MessageRef message_to(const std::string& user, std::string body = {}) {
    auto message = std::make_shared<Message>();
    message->id = new_message_id();
    message->kind = MessageKind::kDirect;
    message->recipient = UserId(user);
    message->room = RoomName("notes");
    message->body = std::move(body);
    return message;
  }
  void subscribe(const std::string& user, const std::string& session, Reader& reader) {
    queues_.subscribe({queue(user), SessionId(session)}, reader,
                      [this](const Result<void>& result) { live_ += result ? '+' : '-'; });
  }
  void unsubscribe(const std::string& user, const std::string& session, Reader& reader) {
    queues_.unsubscribe({queue(user), SessionId(session)}, reader);
  }

  test::ManualExecutor executor_;
  Metrics metrics_;
  test::FakeBus bus_;
  FakeUserDirectory directory_;
  LocalFanout fanout_;
  UserQueues queues_{executor_, directory_, metrics_};
  std::string live_;
};

}  // namespace stampede::gateway
