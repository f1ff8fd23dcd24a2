// From HTTP to a session: the real HTTP server in front.
#include "gateway/net/ws_entry.h"

#include <gmock/gmock.h>

#include "shared/http/server.h"
#include "tests/unit/net/net_fixture.h"

namespace stampede::test {
namespace {

using gateway::ConnectionInfo;
using gateway::Transport;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

class WsEntryTest : public NetFixture {
 protected:
  void serve() {
    start();
    run_on_loop([this] {
      entry_.emplace(*shard_, [this](Transport& transport, const ConnectionInfo& info) {
        subprotocol_ = info.subprotocol;
        return std::make_shared<ScriptedSession>(
            transport, log_, [](Transport& to, std::string_view bytes) { to.send(frame(bytes)); },
            nullptr);
      });
      server_.emplace(loop_, http::ServerOptions{}, std::make_shared<http::Router>(), metrics_);
      server_->upgrade("/ws", [this](http::UpgradeRequest r) { entry_->accept(std::move(r)); });
      ASSERT_TRUE(server_->listen());
    });
  }
  ~WsEntryTest() override {
    loop_.stop();
    server_.reset();
  }

  std::string subprotocol_;
  std::optional<gateway::WsEntry> entry_;
  std::optional<http::Server> server_;
};

TEST_F(WsEntryTest, MakesASessionAndReadsWhatCameWithTheHandshake) {
  serve();
  TestClient client(server_->local_port());
  client.send(std::string(kUpgrade) + "Sec-WebSocket-Protocol: v11.stomp, v12.stomp\r\n\r\n" +
              client_frame(kTextFrame, "early"));
  const std::string answer = client.read_until("\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(answer, HasSubstr("Sec-WebSocket-Protocol: v12.stomp\r\n"));
  EXPECT_EQ(client.read_frame(), (TestClient::Frame{kTextFrame, "early"}));
  EXPECT_EQ(subprotocol_, "v12.stomp");
  client.send_text("late");
  EXPECT_EQ(client.read_frame(), (TestClient::Frame{kTextFrame, "late"}));
}

TEST_F(WsEntryTest, RefusesABadHandshakeWithItsReason) {
  serve();
  TestClient client(server_->local_port());
  client.send(
      "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: short\r\nSec-WebSocket-Version: 13\r\n\r\n");
  const std::string answer = client.read_until("nothing ends like this");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer, HasSubstr("Sec-WebSocket-Key must be there once"));
  EXPECT_EQ(counted("stampede_gateway_refused_total", {{"reason", "handshake"}}), 1);
}

TEST_F(WsEntryTest, RefusesPagesOfForeignOrigins) {
  serve();
  TestClient client(server_->local_port());
  client.send(std::string(kUpgrade) + "Origin: https://evil.example\r\n\r\n");
  const std::string answer = client.read_until("nothing ends like this");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(answer, HasSubstr("pages of 'https://evil.example' are not let in"));
  EXPECT_EQ(counted("stampede_gateway_refused_total", {{"reason", "origin"}}), 1);
  TestClient own_page(server_->local_port());
  own_page.send(std::string(kUpgrade) + "Origin: http://a\r\n\r\n");
  EXPECT_THAT(own_page.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101 "));
}

TEST_F(WsEntryTest, RefusesWhenTheProcessIsFull) {
  serve();
  while (budget_.take()) {
  }
  TestClient client(server_->local_port());
  client.send(std::string(kUpgrade) + "\r\n");
  const std::string answer = client.read_until("nothing ends like this");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("Retry-After: 5"));
  EXPECT_THAT(answer, HasSubstr("holds 1000 connections"));
  EXPECT_EQ(counted("stampede_gateway_refused_total", {{"reason", "full"}}), 1);
}

}  // namespace
}  // namespace stampede::test
