// What the factory refuses at start. Loops are not run here: nothing connects.
#include <gmock/gmock.h>

#include "shared/adapters/redis/redis.h"

namespace stampede::redis {
namespace {

using testing::HasSubstr;

class RedisOptionsTest : public testing::Test {
 protected:
  std::string refusal(const Options& options) {
    const auto made = make_directory(loop_, options, metrics_, health_);
    if (made) return "accepted";
    EXPECT_TRUE(made.error().is(Errc::kInvalidArgument));
    return made.error().detail;
  }

  Loop loop_{"unused"};
  Metrics metrics_;
  Health health_;
};

TEST_F(RedisOptionsTest, AcceptsTheDefaults) { EXPECT_EQ(refusal({}), "accepted"); }

TEST_F(RedisOptionsTest, NamesWhatIsOutOfRange) {
  EXPECT_THAT(refusal({.url = "http://x"}), HasSubstr("redis://"));
  EXPECT_THAT(refusal({.prefix = "with{brace"}), HasSubstr("prefix"));
  EXPECT_THAT(refusal({.prefix = ""}), HasSubstr("prefix"));
  EXPECT_THAT(refusal({.recent_messages = 0}), HasSubstr("recent messages"));
  EXPECT_THAT(refusal({.key_ttl = Milliseconds(0)}), HasSubstr("at least 1 ms"));
  EXPECT_THAT(refusal({.lease = Milliseconds(50)}), HasSubstr("lease"));
  EXPECT_THAT(refusal({.revocation_poll = Milliseconds(0)}), HasSubstr("revocations"));
  EXPECT_THAT(refusal({.timeout = Milliseconds(1)}), HasSubstr("timeout"));
  EXPECT_THAT(refusal({.backoff_min = Milliseconds(10), .backoff_max = Milliseconds(5)}),
              HasSubstr("reconnect"));
}

TEST_F(RedisOptionsTest, IsNotReadyBeforeItIsConnected) {
  const auto made = make_directory(loop_, {}, metrics_, health_);
  ASSERT_TRUE(made);
  ASSERT_EQ(health_.components().size(), 1U);
  EXPECT_EQ(health_.components()[0].name, "redis");
  EXPECT_FALSE(health_.components()[0].ready);
  EXPECT_EQ(health_.components()[0].reason, "not connected yet");
}

}  // namespace
}  // namespace stampede::redis
