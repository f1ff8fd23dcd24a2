// From a port to a session.
#include "gateway/net/tcp_entry.h"

#include <gmock/gmock.h>

#include "tests/unit/net/net_fixture.h"

namespace stampede::test {
namespace {

using gateway::ConnectionInfo;
using gateway::Transport;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class TcpEntryTest : public NetFixture {
 protected:
  ~TcpEntryTest() override {
    loop_.stop();
    entry_.reset();
  }

  void serve() {
    start();
    run_on_loop([this] {
      entry_.emplace(*shard_, sockets::ListenOptions{"test", "127.0.0.1", 0, true},
                     [this](Transport& transport, const ConnectionInfo& info) {
                       log_.add("session of " + std::string(info.peer.substr(0, 10)));
                       return std::make_shared<ScriptedSession>(
                           transport, log_,
                           [](Transport& to, std::string_view bytes) { to.send(frame(bytes)); },
                           nullptr);
                     });
      ASSERT_TRUE(entry_->listen());
    });
  }

  std::optional<gateway::TcpEntry> entry_;
};

TEST_F(TcpEntryTest, MakesASessionOfEveryConnection) {
  serve();
  TestClient one(entry_->local_port());
  TestClient two(entry_->local_port());
  one.send("one.");
  two.send("two.");
  EXPECT_EQ(one.read_until("."), "one.");
  EXPECT_EQ(two.read_until("."), "two.");
  EXPECT_EQ(log_.wait_for(4).front(), "session of 127.0.0.1:");
  run_on_loop([&] { EXPECT_EQ(shard_->connections(), 2u); });
}

TEST_F(TcpEntryTest, RefusesWithAnErrorFrameWhenTheProcessIsFull) {
  serve();
  while (budget_.take()) {
  }
  TestClient client(entry_->local_port());
  EXPECT_THAT(client.read_until("nothing ends like this"),
              AllOf(StartsWith("ERROR\nmessage:Too many connections\n"),
                    HasSubstr("holds 1000 connections")));
  EXPECT_EQ(counted("stampede_gateway_refused_total", {{"reason", "full"}}), 1);
}

TEST_F(TcpEntryTest, RefusesWhenAnAddressHoldsAsManyAsItMay) {
  addresses_.emplace(1, std::vector<IpNetwork>());
  options_.addresses = &*addresses_;
  serve();
  auto first = std::make_unique<TestClient>(entry_->local_port());
  first->send("one.");
  EXPECT_EQ(first->read_until("."), "one.");
  TestClient second(entry_->local_port());
  EXPECT_THAT(second.read_until("nothing ends like this"),
              AllOf(StartsWith("ERROR\nmessage:Too many connections\n"),
                    HasSubstr("the address 127.0.0.1 holds 1 connections, as many as it may")));
  EXPECT_EQ(counted("stampede_gateway_limit_hits_total", {{"limit", "address_connections"}}), 1);
  first.reset();
  EXPECT_TRUE(log_.ends_with("destroyed"));
  TestClient third(entry_->local_port());
  third.send("three.");
  EXPECT_EQ(third.read_until("."), "three.") << "the place is free again";
}

TEST_F(TcpEntryTest, TakesNobodyAfterItHasStopped) {
  serve();
  TestClient stays(entry_->local_port());
  stays.send("before.");
  EXPECT_EQ(stays.read_until("."), "before.");
  const std::uint16_t port = entry_->local_port();
  run_on_loop([this] { entry_->stop_accepting(); });
  EXPECT_THROW(TestClient late(port), std::runtime_error);
  stays.send("after.");
  EXPECT_EQ(stays.read_until("."), "after.");
}

TEST_F(TcpEntryTest, APortThatIsTakenIsNamed) {
  serve();
  const auto claimed = sockets::claim_port("127.0.0.1", entry_->local_port());
  ASSERT_FALSE(claimed);
  EXPECT_THAT(claimed.error().detail, HasSubstr(std::to_string(entry_->local_port())));
  EXPECT_THAT(claimed.error().detail, HasSubstr("another process has this port"));
}

}  // namespace
}  // namespace stampede::test
