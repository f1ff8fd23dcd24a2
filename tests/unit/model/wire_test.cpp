#include "shared/model/wire.h"

#include <gtest/gtest.h>

#include "shared/model/partition.h"

namespace stampede {
namespace {

Message sample() {
  Message message;
  message.id = new_message_id();
  message.room = *parse_room_name("lobby");
  message.position = {1'700'000'000'000'002, 1'700'000'000'000'001};
  message.sender = UserId("Zoë");
  message.origin = GatewayId("gw-1.ab12");
  message.timestamp_ms = 1'700'000'000'123;
  message.key = "k1";
  message.content_type = "text/plain";
  message.headers = {{"x-a", "1"}, {"x-a", ""}, {"", std::string("\0\xff", 2)}};
  message.body = std::string("a\0b", 3) + std::string(300, 'x');
  return message;
}

TEST(WireTest, EveryFieldRoundTrips) {
  const Message message = sample();
  const auto decoded = decode_message(encode_message(message));
  ASSERT_TRUE(decoded) << decoded.error().detail;
  EXPECT_EQ(*decoded, message);
}

TEST(WireTest, EveryKindRoundTrips) {
  Message message = sample();
  for (const auto kind :
       {MessageKind::kChat, MessageKind::kEphemeral, MessageKind::kPresence, MessageKind::kDirect,
        MessageKind::kStoreFirst, MessageKind::kStored, MessageKind::kRefused}) {
    message.kind = kind;
    message.recipient = UserId(kind == MessageKind::kDirect ? "bob" : "");
    const auto decoded = decode_message(encode_message(message));
    ASSERT_TRUE(decoded) << decoded.error().detail;
    EXPECT_EQ(*decoded, message);
  }
}

TEST(WireTest, KnowsTheSizeOfWhatItWouldEncode) {
  Message message = sample();
  for (const auto kind : {MessageKind::kChat, MessageKind::kStoreFirst, MessageKind::kDirect}) {
    message.kind = kind;
    message.recipient = UserId("bob");
    for (const std::size_t size : {0U, 127U, 128U, 16'383U, 16'384U}) {
      message.body.assign(size, 'x');
      message.headers.push_back({std::string(size, 'n'), "v"});
      EXPECT_EQ(encoded_size(message), encode_message(message).size()) << size;
    }
  }
}

TEST(WireTest, ChatKeepsTheFormThatOlderProgramsKnow) {
  Message message = sample();
  const std::string chat = encode_message(message);
  EXPECT_EQ(chat[0], 1);
  message.kind = MessageKind::kEphemeral;
  const std::string ephemeral = encode_message(message);
  EXPECT_EQ(ephemeral[0], 2);
  EXPECT_EQ(ephemeral.size(), chat.size() + 1);
}

TEST(WireTest, KindsThatAreNotKnownAreRejected) {
  Message message = sample();
  message.kind = MessageKind::kEphemeral;
  std::string wire = encode_message(message);
  constexpr std::size_t kKindOffset = 1 + 8 + 8 + 16 + 8;
  ASSERT_EQ(wire[kKindOffset], 1);
  for (const char kind : {'\0', '\x07', '\xff'}) {
    wire[kKindOffset] = kind;
    const auto decoded = decode_message(wire);
    ASSERT_FALSE(decoded);
    EXPECT_NE(decoded.error().detail.find("kind"), std::string::npos) << decoded.error().detail;
  }
  EXPECT_NE(decode_message(wire.substr(0, kKindOffset)).error().detail.find("ends inside kind"),
            std::string::npos);
}

TEST(WireTest, EmptyFieldsRoundTrip) {
  Message message;
  message.room = *parse_room_name("r");
  EXPECT_EQ(*decode_message(encode_message(message)), message);
}

TEST(WireTest, PositionIsSetInPlace) {
  Message message = sample();
  std::string wire = encode_message(message);
  message.position = {77, 66};
  set_wire_position(wire, message.position);
  EXPECT_EQ(*decode_message(wire), message);
}

TEST(WireTest, EveryTruncationIsAnErrorThatNamesTheField) {
  const std::string wire = encode_message(sample());
  for (std::size_t size = 0; size < wire.size(); ++size) {
    const auto decoded = decode_message(std::string_view(wire).substr(0, size));
    ASSERT_FALSE(decoded) << size;
    EXPECT_TRUE(decoded.error().is(Errc::kProtocol));
  }
  EXPECT_NE(decode_message(wire.substr(0, 20)).error().detail.find("ends inside id"),
            std::string::npos);
}

TEST(WireTest, RejectsOtherVersionsAndTrailingBytes) {
  std::string wire = encode_message(sample());
  EXPECT_FALSE(decode_message(wire + "x"));
  wire[0] = 9;
  EXPECT_NE(decode_message(wire).error().detail.find("version 9"), std::string::npos);
}

TEST(WireTest, RejectsCountsThatCannotBe) {
  Message message;
  message.room = *parse_room_name("r");
  std::string wire = encode_message(message);
  // ... header count, body length: both 0 at the end.
  wire[wire.size() - 2] = '\x7f';
  EXPECT_FALSE(decode_message(wire));
}

TEST(PartitionTest, KeyHasThreeDigitsAndTheRoom) {
  // FNV-1a of "a" is 0xe40c292c (draft-eastlake-fnv-17, section 8.3); 0x2c = 44.
  const RoomName room = *parse_room_name("a");
  EXPECT_EQ(partition_of(room), 44u);
  EXPECT_EQ(routing_key(room), "044.a");
  EXPECT_EQ(storage_queue_of(room), 0u);
}

}  // namespace
}  // namespace stampede
