#include "shared/base/health.h"

#include <gtest/gtest.h>

namespace stampede {
namespace {

TEST(HealthTest, IsReadyWhenEveryComponentIs) {
  Health health;
  EXPECT_TRUE(health.ready());
  health.set("redis", false, "connecting");
  health.set("rabbitmq", true);
  EXPECT_FALSE(health.ready());
  health.set("redis", true);
  EXPECT_TRUE(health.ready());
  ASSERT_EQ(health.components().size(), 2u);
  EXPECT_EQ(health.components()[1].name, "redis");
  EXPECT_EQ(health.components()[1].reason, "");
}

TEST(HealthTest, NeverBecomesReadyAgainOnceItDrains) {
  Health health;
  health.set("redis", true);
  health.drain();
  health.set("redis", true);
  EXPECT_TRUE(health.draining());
  EXPECT_FALSE(health.ready());
}

}  // namespace
}  // namespace stampede
