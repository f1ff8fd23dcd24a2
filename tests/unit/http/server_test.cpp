// The server over real loopback sockets, seen from a client that sends what no library would.
#include "shared/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "shared/http/problem.h"
#include "tests/unit/http/raw_client.h"

namespace stampede::test {
namespace {

using http::Request;
using http::Responder;
using http::Response;
using http::Server;
using http::ServerOptions;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// A server with a few routes on its own loop.
class ServerTest : public ::testing::Test {
 protected:
  void TearDown() override {
    if (!server_) return;
    on_loop([this] { server_->close(); });
    loop_.stop();
  }

  void start(ServerOptions options = {}) {
    router_->add("GET", "/hello", [](const Request&, const Responder& respond) {
      respond(Response::text("hello"));
    });
    router_->add("POST", "/echo", [](const Request& request, const Responder& respond) {
      respond(Response::text(request.body));
    });
    options.name = "test";
    server_.emplace(loop_, std::move(options), router_, metrics_);
    for (auto& [path, handler] : upgrades_) server_->upgrade(path, handler);
    const auto listening = server_->listen();
    ASSERT_TRUE(listening) << listening.error().detail;
    loop_.start();
  }

  /// Runs on the loop and waits.
  template <class Work>
  void on_loop(Work work) {
    std::promise<void> done;
    loop_.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  RawClient connect() { return RawClient(server_->local_port()); }

  std::string exchange(std::string_view request) { return connect().exchange(request); }

  double metric(const std::string& name, http::Pairs labels) {
    return metrics_.counter(name, "", labels).value();
  }

  std::shared_ptr<http::Router> router_ = std::make_shared<http::Router>();
  std::vector<std::pair<std::string, http::UpgradeHandler>> upgrades_;
  Metrics metrics_;
  std::optional<sockets::AddressBudget> addresses_;
  Loop loop_{"http-test"};
  std::optional<Server> server_;
};

constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

TEST_F(ServerTest, KeepsTheConnectionForTheNextRequest) {
  start();
  auto client = connect();
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(client.exchange(kHello),
                AllOf(StartsWith("HTTP/1.1 200 OK\r\nDate: "), HasSubstr("\r\n\r\nhello"),
                      Not(HasSubstr("Connection: close"))));
  }
  EXPECT_EQ(metric("stampede_http_requests_total", {{"server", "test"}, {"status", "2xx"}}), 3);
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  auto client = connect();
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\noneGET /hello HTTP/1.1\r\n"
      "Host: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\ntw\r\n1\r\no\r\n0\r\n\r\n");
  EXPECT_THAT(client.response(), ::testing::EndsWith("\r\n\r\none"));
  EXPECT_THAT(client.response(), ::testing::EndsWith("\r\n\r\nhello"));
  EXPECT_THAT(client.response(), ::testing::EndsWith("\r\n\r\ntwo"));
}

TEST_F(ServerTest, TakesRequestsThatArriveByteByByte) {
  start();
  auto client = connect();
  for (const char c :
       std::string("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok")) {
    ASSERT_TRUE(client.send({&c, 1}));
  }
  EXPECT_THAT(client.response(), ::testing::EndsWith("\r\n\r\nok"));
}

TEST_F(ServerTest, AnswersHeadWithoutTheBody) {
  start();
  auto client = connect();
  client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.response(false),
              AllOf(HasSubstr("Content-Length: 5\r\n"), ::testing::EndsWith("\r\n\r\n")));
  EXPECT_THAT(client.exchange(kHello), ::testing::EndsWith("\r\n\r\nhello"));
}

TEST_F(ServerTest, ClosesAfterHttp10AndWhenAsked) {
  start();
  for (const std::string_view request :
       {"GET /hello HTTP/1.0\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"}) {
    auto client = connect();
    client.send(request);
    bool closed = false;
    EXPECT_THAT(client.rest(closed),
                AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Connection: close"),
                      ::testing::EndsWith("hello")));
    EXPECT_TRUE(closed);
  }
}

TEST_F(ServerTest, SaysWhatIsWrongWithARequest) {
  start({.max_header_bytes = 1024, .max_body_bytes = 100});
  const std::string long_header(2000, 'x');
  const std::vector<std::pair<std::string, std::string>> cases{
      {"what is this\r\n\r\n", "HTTP/1.1 400"},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), "HTTP/1.1 400"},
      {"GET /hello HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
      {"GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400"},
      {"GET /hello HTTP/1.1\r\nHost a\r\n\r\n", "HTTP/1.1 400"},
      {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400"},
      {"GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400"},
      {"GET /hello HTTP/2.0\r\nHost: a\r\n\r\n", "HTTP/1.1 400"},
      {"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404"},
      {"DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 405"},
      {"GET /hello HTTP/1.1\r\nHost: a\r\nX: " + long_header + "\r\n\r\n", "HTTP/1.1 431"},
      {"GET /" + long_header + " HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 431"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", "HTTP/1.1 413"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
       "HTTP/1.1 400"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n80\r\n" +
           std::string(128, 'x') + "\r\n0\r\n\r\n",
       "HTTP/1.1 413"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
           std::string(10'000, 'x'),
       "HTTP/1.1 431"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: a-lot\r\nContent-Length: 1\r\n\r\n",
       "HTTP/1.1 417"},
  };
  for (const auto& [request, status] : cases) {
    EXPECT_THAT(exchange(request),
                AllOf(StartsWith(status), HasSubstr("Content-Type: application/problem+json\r\n"),
                      HasSubstr("\"detail\":\"")))
        << request.substr(0, 80);
  }
  EXPECT_THAT(exchange(kHello), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, CountsEachLimitThatARequestRunsInto) {
  start({.max_header_bytes = 1024, .max_headers = 3, .max_body_bytes = 100});
  const auto hits = [&](const char* limit) {
    return metric("stampede_http_limit_hits_total", {{"server", "test"}, {"limit", limit}});
  };
  EXPECT_THAT(exchange("GET /hello HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 431"),
                    HasSubstr("The request has 4 header fields, it may have 3.")));
  EXPECT_EQ(hits("headers"), 1);
  EXPECT_THAT(exchange("GET /hello HTTP/1.1\r\nHost: a\r\nX: " + std::string(2000, 'x')),
              HasSubstr("header is larger than 1024 bytes"));
  EXPECT_EQ(hits("header_bytes"), 1);
  EXPECT_THAT(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n"),
              HasSubstr("body is larger than 100 bytes"));
  EXPECT_EQ(hits("body"), 1);
  EXPECT_THAT(exchange("GET /hello HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n"),
              StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, BoundsTheConnectionsOfAnAddress) {
  addresses_.emplace(2, std::vector<IpNetwork>());
  start({.addresses = &*addresses_});
  auto first = connect();
  auto second = connect();
  first.exchange(kHello);
  second.exchange(kHello);
  auto third = connect();
  bool closed = false;
  EXPECT_THAT(third.rest(closed),
              AllOf(StartsWith("HTTP/1.1 429"), HasSubstr("The address 127.0.0.1 holds 2")));
  EXPECT_EQ(metric("stampede_http_limit_hits_total",
                   {{"server", "test"}, {"limit", "address_connections"}}),
            1);
}

TEST_F(ServerTest, AProxyUpgradesForTheClientsThatItNames) {
  addresses_.emplace(1, std::vector<IpNetwork>{IpNetwork::parse("127.0.0.0/8").value()});
  std::promise<http::UpgradeRequest> handed;
  upgrades_.emplace_back(
      "/ws", [&](http::UpgradeRequest upgrade) { handed.set_value(std::move(upgrade)); });
  start({.addresses = &*addresses_});
  const std::string upgrade =
      "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
      "X-Forwarded-For: 192.0.2.9\r\n\r\n";
  auto first = connect();
  first.send(upgrade);
  const http::UpgradeRequest held = handed.get_future().get();
  EXPECT_THAT(held.peer, StartsWith("192.0.2.9:"));
  EXPECT_EQ(addresses_->held(IpAddress::parse("192.0.2.9").value()), 1u);
  EXPECT_THAT(exchange(upgrade),
              AllOf(StartsWith("HTTP/1.1 429"), HasSubstr("The address 192.0.2.9 holds 1")));
}

TEST_F(ServerTest, LetsTheClientReadARefusalThoughItIsStillSending) {
  start();
  auto client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n");
  const std::string part(100'000, 'x');
  for (int i = 0; i < 80; ++i) client.send(part);
  EXPECT_THAT(client.response(), StartsWith("HTTP/1.1 413"));
}

TEST_F(ServerTest, InvitesABodyThatAsksFirst) {
  start();
  auto client = connect();
  EXPECT_EQ(client.exchange("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n"
                            "Content-Length: 2\r\n\r\n"),
            "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(client.exchange("ok"), ::testing::EndsWith("\r\n\r\nok"));
}

TEST_F(ServerTest, EndsARequestThatTakesTooLong) {
  start({.request_deadline = std::chrono::milliseconds(100)});
  auto client = connect();
  client.send("GET /hello HTTP/1.1\r\nHo");
  bool closed = false;
  EXPECT_THAT(client.rest(closed), AllOf(StartsWith("HTTP/1.1 408"), HasSubstr("100 ms")));
  EXPECT_TRUE(closed);
}

TEST_F(ServerTest, ClosesSilentConnections) {
  start({.request_deadline = std::chrono::milliseconds(100),
         .idle_deadline = std::chrono::milliseconds(100)});
  bool closed = false;
  auto silent = connect();
  EXPECT_EQ(silent.rest(closed), "");
  EXPECT_TRUE(closed);
  auto idle = connect();
  EXPECT_THAT(idle.exchange(kHello), StartsWith("HTTP/1.1 200"));
  closed = false;
  EXPECT_EQ(idle.rest(closed), "");
  EXPECT_TRUE(closed);
}

TEST_F(ServerTest, AnswersForAHandlerThatNeverDoes) {
  std::vector<Responder> kept;
  router_->add("GET", "/never",
               [&](const Request&, const Responder& respond) { kept.push_back(respond); });
  start({.handler_deadline = std::chrono::milliseconds(100)});
  auto client = connect();
  EXPECT_THAT(client.exchange("GET /never HTTP/1.1\r\nHost: a\r\n\r\n"),
              StartsWith("HTTP/1.1 503"));
  on_loop([&] { kept.front()(Response::text("too late")); });
  bool closed = false;
  EXPECT_EQ(client.rest(closed), "");
  EXPECT_TRUE(closed);
}

TEST_F(ServerTest, AnswersLaterAndFromAnotherThread) {
  std::promise<Responder> asked;
  router_->add("GET", "/later",
               [&](const Request&, const Responder& respond) { asked.set_value(respond); });
  start();
  auto client = connect();
  client.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  asked.get_future().get()(Response::json("[]"));
  EXPECT_THAT(client.response(), ::testing::EndsWith("\r\n\r\n[]"));
}

TEST_F(ServerTest, OutlivesClientsThatLeaveBeforeTheAnswer) {
  std::promise<Responder> asked;
  router_->add("GET", "/later",
               [&](const Request&, const Responder& respond) { asked.set_value(respond); });
  start();
  connect().send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  asked.get_future().get()(Response::text(std::string(1'000'000, 'x')));
  EXPECT_THAT(exchange(kHello), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, TurnsDroppedAndThrownIntoA500) {
  router_->add("GET", "/dropped", [](const Request&, const Responder&) {});
  router_->add("GET", "/thrown",
               [](const Request&, const Responder&) { throw std::runtime_error("secret"); });
  start();
  auto client = connect();
  EXPECT_THAT(client.exchange("GET /dropped HTTP/1.1\r\nHost: a\r\n\r\n"),
              StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(client.exchange("GET /thrown HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 500"), Not(HasSubstr("secret"))));
  EXPECT_THAT(client.exchange(kHello), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, HandsOverUpgradesWithWhatCameBehindThem) {
  std::promise<http::UpgradeRequest> handed;
  upgrades_.emplace_back(
      "/ws", [&](http::UpgradeRequest upgrade) { handed.set_value(std::move(upgrade)); });
  start({.request_deadline = std::chrono::milliseconds(50)});
  auto client = connect();
  client.send(std::string(kUpgrade) + "first frame");
  http::UpgradeRequest upgrade = handed.get_future().get();
  EXPECT_EQ(upgrade.leftover, "first frame");
  EXPECT_EQ(upgrade.request["Sec-WebSocket-Key"], "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_THAT(upgrade.peer, StartsWith("127.0.0.1:"));
  EXPECT_EQ(metric("stampede_http_upgrades_total", {{"server", "test"}}), 1);
  EXPECT_EQ(metrics_.gauge("stampede_http_connections", "", {{"server", "test"}}).value(), 0);
  // It is the new owner's now: neither the deadline nor the server's end touches it.
  on_loop([this] { server_->close(); });
  std::array<iovec, 1> text{sockets::buffer_of("still open\r\n\r\n")};
  EXPECT_EQ(upgrade.socket.write_some(text).status, sockets::IoStatus::kDone);
  EXPECT_EQ(client.response(), "still open\r\n\r\n");
}

TEST_F(ServerTest, FindsTheUpgradePathWithSlashAndQuery) {
  std::vector<std::string> targets;
  upgrades_.emplace_back("/ws", [&](const http::UpgradeRequest& upgrade) {
    targets.emplace_back(upgrade.request.target());
  });
  start();
  for (const std::string target : {"/ws", "/ws/", "/ws?a=b", "/ws/?a=b"}) {
    auto client = connect();
    std::string request(kUpgrade);
    request.replace(4, 3, target);
    client.send(request);
    bool closed = false;
    EXPECT_EQ(client.rest(closed), "");
  }
  on_loop(
      [&] { EXPECT_THAT(targets, ::testing::ElementsAre("/ws", "/ws/", "/ws?a=b", "/ws/?a=b")); });
  EXPECT_THAT(exchange("GET /wss HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 404"));
}

TEST_F(ServerTest, AsksPlainRequestsToUpgrade) {
  upgrades_.emplace_back("/ws", [](const http::UpgradeRequest&) { FAIL(); });
  start();
  EXPECT_THAT(exchange("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 426 Upgrade Required"),
                    HasSubstr("Upgrade: websocket\r\n"), HasSubstr("Connection: Upgrade\r\n")));
}

TEST_F(ServerTest, RefusesConnectionsOverItsMaximum) {
  start({.max_connections = 3});
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(connect());
    EXPECT_THAT(clients.back().exchange(kHello), StartsWith("HTTP/1.1 200"));
  }
  bool closed = false;
  auto refused = connect();
  EXPECT_THAT(refused.rest(closed), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("maximum of 3")));
  EXPECT_TRUE(closed);
  EXPECT_EQ(metric("stampede_http_connections_refused_total", {{"server", "test"}}), 1);

  clients.back().send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  clients.back().rest(closed);
  clients.pop_back();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  std::string answer;
  while (!answer.starts_with("HTTP/1.1 200") && std::chrono::steady_clock::now() < deadline) {
    answer = exchange(kHello);
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, AcceptsAgainOnceThereAreFileDescriptors) {
  start();
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const int next = ::dup(STDERR_FILENO);
  ::close(next);
  // One more for the client, none for the server's end.
  const rlimit tight{static_cast<rlim_t>(next) + 1, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  auto client = connect();
  client.send(kHello);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  const auto failures = [this] {
    return metric("stampede_http_accept_failures_total", {{"server", "test"}});
  };
  while (failures() == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_GE(failures(), 1);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_THAT(client.response(), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, FinishesWhatIsUnderWayWhenItDrains) {
  std::promise<Responder> asked;
  router_->add("GET", "/later",
               [&](const Request&, const Responder& respond) { asked.set_value(respond); });
  start();
  auto idle = connect();
  EXPECT_THAT(idle.exchange(kHello), StartsWith("HTTP/1.1 200"));
  auto busy = connect();
  busy.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  const Responder respond = asked.get_future().get();
  on_loop([this] { server_->stop_accepting(); });
  bool closed = false;
  EXPECT_EQ(idle.rest(closed), "");
  EXPECT_TRUE(closed);
  EXPECT_FALSE(connect().connected());
  respond(Response::text("done"));
  EXPECT_THAT(busy.rest(closed),
              AllOf(HasSubstr("Connection: close"), ::testing::EndsWith("done")));
  EXPECT_TRUE(closed);
}

TEST_F(ServerTest, NamesTheAddressItCannotHave) {
  start();
  Loop loop("other");
  Server second(loop, {.port = server_->local_port()}, router_, metrics_);
  const auto taken = second.listen();
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error().detail,
              AllOf(HasSubstr("127.0.0.1:" + std::to_string(server_->local_port())),
                    HasSubstr("another process")));
  Server stranger(loop, {.address = "192.0.2.1"}, router_, metrics_);
  EXPECT_THAT(stranger.listen().error().detail, HasSubstr("no such address"));
  Server nonsense(loop, {.address = "here"}, router_, metrics_);
  EXPECT_THAT(nonsense.listen().error().detail, HasSubstr("here"));
}

TEST_F(ServerTest, SharesAPortBetweenServers) {
  start({.reuse_port = true});
  Loop loop("other");
  Server second(loop, {.port = server_->local_port(), .reuse_port = true}, router_, metrics_);
  EXPECT_TRUE(second.listen());
}

TEST_F(ServerTest, ServesManyClientsAtOnce) {
  start();
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      auto client = connect();
      for (int n = 0; n < 200; ++n) {
        if (client.exchange(kHello).ends_with("hello")) ++good;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 1600);
}

TEST_F(ServerTest, EndsWithConnectionsInEveryState) {
  std::promise<Responder> asked;
  router_->add("GET", "/never",
               [&](const Request&, const Responder& respond) { asked.set_value(respond); });
  start();
  auto silent = connect();
  auto partial = connect();
  partial.send("GET /hel");
  auto idle = connect();
  EXPECT_THAT(idle.exchange(kHello), StartsWith("HTTP/1.1 200"));
  auto waiting = connect();
  waiting.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
  std::optional<Responder> outlives(asked.get_future().get());
  loop_.stop();
  server_.reset();
  outlives.reset();
  bool closed = false;
  EXPECT_EQ(waiting.rest(closed), "");
  EXPECT_TRUE(closed);
  EXPECT_EQ(metrics_.gauge("stampede_http_connections", "", {{"server", "test"}}).value(), 0);
}

}  // namespace
}  // namespace stampede::test
