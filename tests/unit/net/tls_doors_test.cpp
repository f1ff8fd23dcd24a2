// Both doors behind TLS: from the handshake to a session.
#include <gmock/gmock.h>

#include "gateway/net/tcp_entry.h"
#include "gateway/net/ws_entry.h"
#include "shared/http/server.h"
#include "tests/support/test_certificate.h"
#include "tests/support/tls_client.h"
#include "tests/unit/net/net_fixture.h"

namespace stampede::test {
namespace {

using gateway::ConnectionInfo;
using gateway::Transport;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

class TlsDoorsTest : public NetFixture {
 protected:
  TlsDoorsTest() { files_.make("cert.pem", "key.pem", "gateway"); }
  ~TlsDoorsTest() override {
    loop_.stop();
    server_.reset();
    tcp_entry_.reset();
  }

  void serve(Milliseconds handshake_deadline = Milliseconds(10'000)) {
    identity_ =
        *sockets::TlsIdentity::load({files_.path("cert.pem"), files_.path("key.pem")}, metrics_);
    start();
    run_on_loop([&] {
      ws_entry_.emplace(*shard_, echo());
      http::ServerOptions options;
      options.tls = identity_;
      options.handshake_deadline = handshake_deadline;
      auto router = std::make_shared<http::Router>();
      router->add("GET", "/hello", [](const http::Request&, const http::Responder& respond) {
        respond(http::Response::text("hello over TLS."));
      });
      server_.emplace(loop_, options, router, metrics_);
      server_->upgrade("/ws", [this](http::UpgradeRequest r) { ws_entry_->accept(std::move(r)); });
      ASSERT_TRUE(server_->listen());
      tcp_entry_.emplace(*shard_, sockets::ListenOptions{"tcp", "127.0.0.1", 0, false}, echo(),
                         std::make_shared<sockets::TlsHandshakes>(
                             loop_, identity_,
                             sockets::TlsHandshakes::Options{"tcp", handshake_deadline}, metrics_));
      ASSERT_TRUE(tcp_entry_->listen());
    });
  }

  gateway::SessionFactory echo() {
    return [this](Transport& transport, const ConnectionInfo&) {
      return std::make_shared<ScriptedSession>(
          transport, log_, [](Transport& to, std::string_view bytes) { to.send(frame(bytes)); },
          nullptr);
    };
  }

  CertificateFolder files_;
  std::shared_ptr<sockets::TlsIdentity> identity_;
  std::optional<gateway::WsEntry> ws_entry_;
  std::optional<http::Server> server_;
  std::optional<gateway::TcpEntry> tcp_entry_;
};

TEST_F(TlsDoorsTest, ServesHttp) {
  serve();
  TlsClient client(server_->local_port());
  ASSERT_TRUE(client.handshake());
  for (int i = 0; i < 2; ++i) {
    client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string answer = client.read_until("TLS.");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  }
}

TEST_F(TlsDoorsTest, AWebSocketReadsWhatCameInTheSameRecordsAsItsHandshake) {
  serve();
  TlsClient client(server_->local_port());
  ASSERT_TRUE(client.handshake());
  // More than one read of the HTTP server takes, and a part of it encrypted in the same record.
  const std::string early = client_frame(kTextFrame, std::string(30'000, 'e'));
  ASSERT_TRUE(client.send(kUpgrade + early));
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101 "));
  std::size_t echoed = 0;
  while (echoed < 30'000) {
    const std::string some = client.read_bytes(1);
    ASSERT_FALSE(some.empty()) << "only " << echoed << " came back";
    echoed += some == "e" ? 1 : 0;
  }
  client.send(client_frame(kTextFrame, "late."));
  EXPECT_THAT(client.read_until("late."), HasSubstr("late."));
}

TEST_F(TlsDoorsTest, StompOverTcpEndsWithAGoodbye) {
  serve();
  TlsClient client(tcp_entry_->local_port());
  ASSERT_TRUE(client.handshake());
  client.send("SEND.");
  EXPECT_EQ(client.read_until("."), "SEND.");
  run_on_loop([this] { shard_->shut_down(); });
  EXPECT_EQ(client.read_until("nothing ends like this"), "");
  EXPECT_TRUE(client.peer_said_goodbye());
}

TEST_F(TlsDoorsTest, AHandshakeThatFailsGivesItsPlaceBack) {
  serve(Milliseconds(100));
  TestClient stalled(tcp_entry_->local_port());
  TestClient plain(tcp_entry_->local_port());
  plain.send("CONNECT\naccept-version:1.2\n\n");
  EXPECT_TRUE(plain.at_end());
  EXPECT_TRUE(stalled.at_end());
  run_on_loop([this] { EXPECT_EQ(budget_.used(), 0u); });
  EXPECT_EQ(counted("stampede_tls_handshakes_total", {{"server", "tcp"}, {"result", "timeout"}}),
            1);
  EXPECT_EQ(counted("stampede_tls_handshakes_total", {{"server", "tcp"}, {"result", "failed"}}), 1);
}

TEST_F(TlsDoorsTest, AStoppedServerEndsHandshakes) {
  serve();
  TestClient at_http(server_->local_port());
  TestClient at_tcp(tcp_entry_->local_port());
  TlsClient last(tcp_entry_->local_port());
  ASSERT_TRUE(last.handshake());  // those before it are accepted, too
  TlsClient last_http(server_->local_port());
  ASSERT_TRUE(last_http.handshake());
  run_on_loop([this] {
    server_->stop_accepting();
    tcp_entry_->stop_accepting();
  });
  EXPECT_TRUE(at_http.at_end());
  EXPECT_TRUE(at_tcp.at_end());
}

}  // namespace
}  // namespace stampede::test
