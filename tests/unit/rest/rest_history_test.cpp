// The history adapter against a real server on loopback that answers what the test says.
#include <gtest/gtest.h>

#include <atomic>
#include <optional>

#include "shared/adapters/rest/rest.h"
#include "shared/http/server.h"
#include "shared/model/message_block.h"
#include "tests/contract/asking.h"

namespace stampede::test {
namespace {

MessageRef message(Seq seq) {
  Message made;
  made.id = new_message_id();
  made.room = RoomName("lobby");
  made.position = {seq, seq - 1};
  made.sender = UserId("ann");
  made.body = std::string("\xff\0 any bytes", 12);
  return std::make_shared<const Message>(std::move(made));
}

class RestHistoryTest : public testing::Test {
 protected:
  void start(rest::Options options = {}, http::ServerOptions server = {}) {
    auto router = std::make_shared<http::Router>();
    router->add("GET", "/api/v1/rooms/{room}/messages",
                [this](const http::Request& request, const http::Responder& respond) {
                  ++requests_;
                  targets_.add({request.target});
                  authorizations_.add({std::string(request.header("Authorization").value_or(""))});
                  if (silent_) return held_.push_back(respond);
                  http::Response response;
                  response.status = status_;
                  response.content_type = type_;
                  response.body = body_;
                  respond(std::move(response));
                });
    server_.emplace(server_loop_, std::move(server), router, metrics_);
    ASSERT_TRUE(server_->listen());
    options.url = "http://127.0.0.1:" + std::to_string(server_->local_port());
    auto made = rest::make_history(loop_, options, metrics_);
    ASSERT_TRUE(made) << made.error().detail;
    history_ = *std::move(made);
    server_loop_.start();
    loop_.start();
  }
  void TearDown() override {
    loop_.stop();
    server_loop_.stop();
    history_.reset();
    server_.reset();
  }
  Result<Page> page(PageQuery query = {RoomName("lobby"), {}, {}, 50}) {
    return ask<Result<Page>>(
        loop_, [&](auto reply) { history_->page(std::move(query), std::move(reply)); });
  }

  Metrics metrics_;
  Loop loop_{"rest-test"};
  Loop server_loop_{"rest-server"};
  std::optional<http::Server> server_;
  std::unique_ptr<History> history_;
  // Set before `start`, read on the server's loop.
  int status_ = 200;
  bool silent_ = false;
  std::string type_{kMessageBlockType};
  std::string body_ = encode_message_block({{message(5), message(6)}, true, false});
  std::atomic<int> requests_ = 0;
  Inbox<std::string> targets_;
  Inbox<std::string> authorizations_;
  std::vector<http::Responder> held_;  ///< the server's loop only
};

TEST_F(RestHistoryTest, ShowsTheKeyThatItHasAtTheTime) {
  rest::Options options;
  std::atomic<int> asked = 0;
  options.authorization = [&asked] {
    return asked++ == 0 ? std::string() : "Bearer key-" + std::to_string(asked);
  };
  start(options);
  ASSERT_TRUE(page());
  ASSERT_TRUE(page());
  EXPECT_EQ(authorizations_.wait_for(2), (std::vector<std::string>{"", "Bearer key-2"}));
}

TEST_F(RestHistoryTest, GivesThePageAsItWasStored) {
  const MessageBlock sent{{message(5), message(6)}, true, false};
  body_ = encode_message_block(sent);
  start();
  const auto got = page();
  ASSERT_TRUE(got) << got.error().detail;
  ASSERT_EQ(got->messages.size(), 2u);
  EXPECT_EQ(*got->messages[1], *sent.messages[1]);
  EXPECT_TRUE(got->older);
  EXPECT_FALSE(got->newer);
}

TEST_F(RestHistoryTest, AsksForWhatIsWanted) {
  start();
  ASSERT_TRUE(page({RoomName("a.b:c"), 77, {}, 200}));
  ASSERT_TRUE(page({RoomName("lobby"), {}, 9, 1}));
  EXPECT_EQ(targets_.wait_for(2),
            (std::vector<std::string>{"/api/v1/rooms/a.b:c/messages?limit=200&before=77",
                                      "/api/v1/rooms/lobby/messages?limit=1&after=9"}));
}

TEST_F(RestHistoryTest, ManyAtOnceAreAllAnswered) {
  start();
  constexpr int kPages = 300;
  std::atomic<int> answered = 0;
  for (int i = 0; i < kPages; ++i) {
    history_->page({RoomName("lobby"), {}, {}, 50},
                   Reply<Result<Page>>(loop_, [&answered](const Result<Page>& got) {
                     EXPECT_TRUE(got);
                     ++answered;
                   }));
  }
  EXPECT_TRUE(eventually([&] { return answered == kPages; }));
}

TEST_F(RestHistoryTest, AKeptConnectionThatTheServerEndedIsMadeAnew) {
  http::ServerOptions server;
  server.idle_deadline = std::chrono::milliseconds(20);
  start({}, server);
  ASSERT_TRUE(page());
  const auto open = metrics_.gauge("stampede_http_connections", "", {{"server", "http"}});
  ASSERT_TRUE(eventually([&] { return open.value() == 0; }));
  const auto got = page();
  EXPECT_TRUE(got) << got.error().detail;
}

TEST_F(RestHistoryTest, AnErrorOfTheServerIsUnavailable) {
  status_ = 503;
  start();
  const auto got = page();
  ASSERT_FALSE(got);
  EXPECT_TRUE(got.error().is(Errc::kUnavailable));
  EXPECT_NE(got.error().detail.find("503"), std::string::npos);
}

TEST_F(RestHistoryTest, AnotherKindOfAnswerIsRefused) {
  type_ = "application/json";
  body_ = "{}";
  start();
  const auto got = page();
  ASSERT_FALSE(got);
  EXPECT_TRUE(got.error().is(Errc::kProtocol));
}

TEST_F(RestHistoryTest, SilenceEndsAtTheTimeout) {
  silent_ = true;
  rest::Options options;
  options.timeout = Milliseconds(100);
  start(options);
  const auto got = page();
  ASSERT_FALSE(got);
  EXPECT_TRUE(got.error().is(Errc::kUnavailable)) << got.error().detail;
}

TEST_F(RestHistoryTest, WhatIsUnansweredAtTheEndIsCancelled) {
  silent_ = true;
  start();
  Loop asker("rest-asker");
  asker.start();
  std::atomic<int> cancelled = 0;
  for (int i = 0; i < 20; ++i) {
    history_->page({RoomName("lobby"), {}, {}, 50},
                   Reply<Result<Page>>(asker, [&cancelled](const Result<Page>& got) {
                     if (!got && got.error().is(Errc::kCancelled)) ++cancelled;
                   }));
  }
  ASSERT_TRUE(eventually([&] { return requests_ > 0; }));
  loop_.stop();
  history_.reset();
  EXPECT_TRUE(eventually([&] { return cancelled == 20; }));
  asker.stop();
}

TEST(RestHistoryUrlTest, SaysWhatIsAllowed) {
  Loop loop("rest-test");
  Metrics metrics;
  for (const char* url : {"https://a", "http://", "http://a/path", "http://u:p@a", "a:80"}) {
    const auto made = rest::make_history(loop, {.url = url}, metrics);
    ASSERT_FALSE(made) << url;
    EXPECT_NE(made.error().detail.find("http://host[:port]"), std::string::npos);
  }
}

}  // namespace
}  // namespace stampede::test
