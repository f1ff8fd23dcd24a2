#include "storage-worker/batcher.h"

#include <gtest/gtest.h>

#include "tests/unit/worker/fakes.h"

namespace stampede::test {
namespace {

using worker::Batcher;
using worker::BatchLimits;

std::vector<MessageFeed::DeliveryTag> tags_of(const std::vector<MessageFeed::Delivery>& batch) {
  std::vector<MessageFeed::DeliveryTag> out;
  for (const auto& one : batch) out.push_back(one.tag);
  return out;
}

using Tags = std::vector<MessageFeed::DeliveryTag>;

TEST(BatcherTest, WaitsForTheOldest) {
  FakeClock clock;
  Batcher batcher(BatchLimits{10, 1'000'000, Milliseconds(5)});
  EXPECT_FALSE(batcher.due());
  EXPECT_FALSE(batcher.ready(clock.now()));
  batcher.add(deliveries(1, 1), clock.now());
  clock.advance(Milliseconds(3));
  batcher.add(deliveries(2, 1), clock.now());
  EXPECT_FALSE(batcher.ready(clock.now()));
  EXPECT_EQ(*batcher.due() - clock.now(), Milliseconds(2));
  clock.advance(Milliseconds(2));
  EXPECT_TRUE(batcher.ready(clock.now()));
  EXPECT_EQ(tags_of(batcher.take()), (Tags{1, 2}));
  EXPECT_TRUE(batcher.empty());
  EXPECT_FALSE(batcher.due());
}

TEST(BatcherTest, IsReadyAtOnceWhenFullOfRows) {
  FakeClock clock;
  Batcher batcher(BatchLimits{3, 1'000'000, Milliseconds(5)});
  batcher.add(deliveries(1, 7), clock.now());
  EXPECT_TRUE(batcher.ready(clock.now()));
  EXPECT_EQ(tags_of(batcher.take()), (Tags{1, 2, 3}));
  EXPECT_EQ(tags_of(batcher.take()), (Tags{4, 5, 6}));
  EXPECT_FALSE(batcher.ready(clock.now()));
  EXPECT_EQ(batcher.size(), 1u);
}

TEST(BatcherTest, IsReadyAtOnceWhenFullOfBytes) {
  FakeClock clock;
  Batcher batcher(BatchLimits{1'000, 10'000, Milliseconds(5)});
  batcher.add({delivery(1, std::string(4'000, 'x')), delivery(2, std::string(4'000, 'x'))},
              clock.now());
  EXPECT_FALSE(batcher.ready(clock.now()));
  batcher.add({delivery(3, std::string(4'000, 'x'))}, clock.now());
  EXPECT_TRUE(batcher.ready(clock.now()));
  EXPECT_EQ(tags_of(batcher.take()), (Tags{1, 2}));
  EXPECT_EQ(tags_of(batcher.take()), (Tags{3}));
}

TEST(BatcherTest, GivesAMessageLargerThanTheLimitABatchOfItsOwn) {
  FakeClock clock;
  Batcher batcher(BatchLimits{1'000, 10'000, Milliseconds(5)});
  batcher.add({delivery(1, std::string(50'000, 'x')), delivery(2)}, clock.now());
  EXPECT_EQ(tags_of(batcher.take()), (Tags{1}));
  EXPECT_EQ(tags_of(batcher.take()), (Tags{2}));
  EXPECT_TRUE(batcher.take().empty());
}

TEST(BatcherTest, CountsHeadersAsBytes) {
  FakeClock clock;
  Batcher batcher(BatchLimits{1'000, 10'000, Milliseconds(5)});
  auto with_headers = std::make_shared<Message>(*delivery(1).message);
  with_headers->headers = {{"x", std::string(10'000, 'v')}};
  batcher.add({{1, with_headers, false}}, clock.now());
  EXPECT_TRUE(batcher.ready(clock.now()));
}

TEST(BatcherTest, ARedeliveredMessageThatStillWaitsOnlyTakesItsNewTag) {
  FakeClock clock;
  Batcher batcher(BatchLimits{});
  auto first = deliveries(1, 3);
  batcher.add(first, clock.now());
  for (auto& one : first) {
    one.tag += 100;
    one.redelivered = true;
  }
  auto unknown = delivery(200);
  unknown.redelivered = true;
  first.push_back(unknown);
  batcher.add(first, clock.now());
  EXPECT_EQ(tags_of(batcher.take()), (Tags{101, 102, 103, 200}));
}

}  // namespace
}  // namespace stampede::test
