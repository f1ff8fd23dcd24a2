#include "shared/model/partition.h"

#include <gtest/gtest.h>

#include <set>

namespace stampede {
namespace {

TEST(BindingKeyTest, ARoomsPatternIsItsRoutingKey) {
  const RoomName room("team.red:1");
  EXPECT_EQ(topic_pattern(binding_of(room)), routing_key(room));
}

TEST(BindingKeyTest, APartitionsPatternMatchesAllItsRoutingKeys) {
  const RoomName room("lobby");
  const std::string pattern = topic_pattern({partition_of(room), {}});
  EXPECT_EQ(pattern, routing_key(room).substr(0, 4) + "#");
  EXPECT_EQ(topic_pattern({7, {}}), "007.#");
}

TEST(PartitionTest, KeysOfGatewaysAreNoRoomsAndNoOtherGateways) {
  const std::string key = routing_key(GatewayId("gateway-1.7f"));
  EXPECT_EQ(key, "gateway.gateway-1.7f");
  EXPECT_NE(key, all_gateways_key());
  // A room's key begins with three digits.
  EXPECT_FALSE(key[0] >= '0' && key[0] <= '9');
  EXPECT_FALSE(all_gateways_key()[0] >= '0' && all_gateways_key()[0] <= '9');
}

TEST(BindingKeyTest, PartitionsAndRoomsAreDifferentKeys) {
  const RoomName room("lobby");
  const std::set<BindingKey> keys{binding_of(room), {partition_of(room), {}}, {0, {}}, {255, {}}};
  EXPECT_EQ(keys.size(), 4U);
  EXPECT_FALSE(binding_of(room).whole_partition());
  EXPECT_TRUE((BindingKey{3, {}}).whole_partition());
}

}  // namespace
}  // namespace stampede
