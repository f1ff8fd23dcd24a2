#include <optional>

#include "tests/unit/users/users_fixture.h"

namespace stampede::gateway {
namespace {

class DirectSenderTest : public UsersTest {
 protected:
  DirectSenderTest() {
    shard_ = fanout_.attach(executor_, [](const auto&) {});
    other_shard_ = fanout_.attach(executor_, [](const auto&) {});
    fanout_.attach_addressed(shard_, [](const auto&) { FAIL() << "it delivers by itself"; });
    fanout_.attach_addressed(other_shard_, [this](const auto& batch) { there_ += batch.size(); });
    sender_.emplace(executor_, shard_, GatewayId("me"), directory_, bus_, fanout_, queues_,
                    metrics_);
    subscribe("ann", "s1", reader_);
    executor_.run();
    directory_.calls.clear();
  }
  void send(const std::string& user, std::string body = {}) {
    sender_->send(message_to(user, std::move(body)), [this](std::optional<std::size_t> sessions) {
      handed_on_ += sessions ? std::to_string(*sessions) + " " : "? ";
    });
  }
  void answer(Result<UserDirectory::Places> places) {
    executor_.run();
    directory_.found.at(0)(std::move(places));
    directory_.found.clear();
    executor_.run();
  }

  ShardIndex shard_ = 0;
  ShardIndex other_shard_ = 0;
  std::optional<DirectSender> sender_;
  Reader reader_;
  std::size_t there_ = 0;
  std::string handed_on_;
};

TEST_F(DirectSenderTest, MessagesOfOneTurnShareALookAndKeepTheirOrder) {
  send("ann", "1");
  send("bob", "2");
  send("bob", "3");
  EXPECT_EQ(sender_->in_flight(), 3U);
  answer(UserDirectory::Places{{{GatewayId("me"), 2}, {GatewayId("gw-2"), 1}},
                               {{GatewayId("gw-2"), 1}, {GatewayId("gw-3"), 4}},
                               {}});
  EXPECT_EQ(directory_.calls, "3? ");
  EXPECT_EQ(handed_on_, "3 5 0 ");
  EXPECT_EQ(sender_->in_flight(), 0U);
  EXPECT_EQ(reader_.got, 1) << "by this shard";
  EXPECT_EQ(there_, 1U) << "by the other, which may have more of the user's sessions";
  ASSERT_EQ(bus_.sent.size(), 3U);
  EXPECT_EQ(bus_.sent[0].first, GatewayId("gw-2"));
  EXPECT_EQ(bus_.sent[0].second->body, "1");
  EXPECT_EQ(bus_.sent[1].first, GatewayId("gw-2"));
  EXPECT_EQ(bus_.sent[1].second->body, "2");
  EXPECT_EQ(bus_.sent[2].first, GatewayId("gw-3"));
}

TEST_F(DirectSenderTest, WithoutTheDirectoryEveryGatewayGetsIt) {
  send("ann");
  answer(Error(Errc::kUnavailable, "Redis is away"));
  EXPECT_EQ(handed_on_, "? ");
  EXPECT_EQ(reader_.got, 1);
  EXPECT_EQ(there_, 1U);
  ASSERT_EQ(bus_.sent.size(), 1U);
  EXPECT_TRUE(bus_.sent[0].first.empty());
}

}  // namespace
}  // namespace stampede::gateway
