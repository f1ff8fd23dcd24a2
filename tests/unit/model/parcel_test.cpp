#include "shared/model/parcel.h"

#include <gtest/gtest.h>

#include "shared/model/wire.h"

namespace stampede {
namespace {

Message sample(std::size_t body_bytes) {
  Message message;
  message.id = new_message_id();
  message.room = *parse_room_name("lobby");
  message.body.assign(body_bytes, 'x');
  return message;
}

std::string parcel_of(const std::vector<Message>& messages) {
  ParcelWriter writer;
  for (const Message& message : messages) writer.add(message);
  return writer.take();
}

std::string trouble_with(const std::string& payload) {
  const auto pieces = open_parcel(payload);
  return pieces ? "" : pieces.error().detail;
}

TEST(ParcelTest, OneMessageTravelsAsItself) {
  const Message message = sample(10);
  const std::string payload = parcel_of({message});
  EXPECT_EQ(payload, encode_message(message));
  const auto pieces = open_parcel(payload);
  ASSERT_TRUE(pieces);
  ASSERT_EQ(pieces->size(), 1U);
  EXPECT_EQ(pieces->at(0), payload);
}

TEST(ParcelTest, MessagesComeOutAsTheyWentInAndInTheirOrder) {
  const std::vector<Message> sent{sample(0), sample(300), sample(7), sample(20'000)};
  const std::string payload = parcel_of(sent);
  EXPECT_EQ(payload[0], kParcelWireVersion);
  const auto pieces = open_parcel(payload);
  ASSERT_TRUE(pieces) << pieces.error().detail;
  ASSERT_EQ(pieces->size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(decode_message(pieces->at(i)).value(), sent[i]);
  }
}

TEST(ParcelTest, AWriterBeginsAnewWhenItsParcelIsTaken) {
  ParcelWriter writer;
  writer.add(sample(1));
  writer.add(sample(2));
  EXPECT_EQ(writer.messages(), 2U);
  writer.take();
  EXPECT_EQ(writer.messages(), 0U);
  const Message next = sample(3);
  writer.add(next);
  EXPECT_EQ(writer.take(), encode_message(next));
}

TEST(ParcelTest, NeverPassesItsBytes) {
  for (std::size_t body : {100U, 1'000U, 1'001U, 1'002U, 1'003U, 16'000U, 16'317U, 16'318U}) {
    ParcelWriter writer;
    const Message message = sample(body);
    while (writer.has_room(message) && writer.messages() < kMaxParcelMessages) writer.add(message);
    EXPECT_GE(writer.messages(), 1U);
    const std::size_t messages = writer.messages();
    const std::string payload = writer.take();
    EXPECT_LE(payload.size(), kMaxParcelBytes) << body;
    if (messages < kMaxParcelMessages) {
      EXPECT_GT(payload.size() + 9 + encoded_size(message), kMaxParcelBytes) << body;
    }
  }
}

TEST(ParcelTest, ALargeMessageTravelsAlone) {
  ParcelWriter writer;
  const Message large = sample(kMaxParcelBytes);
  EXPECT_TRUE(writer.has_room(large));
  writer.add(large);
  EXPECT_FALSE(writer.has_room(sample(0)));
  EXPECT_EQ(writer.take(), encode_message(large));
  writer.add(sample(0));
  EXPECT_FALSE(writer.has_room(large));
}

TEST(ParcelTest, HoldsNoMoreMessagesThanIsSaid) {
  ParcelWriter writer;
  const Message message = sample(0);
  for (std::size_t i = 0; i < kMaxParcelMessages; ++i) {
    ASSERT_TRUE(writer.has_room(message));
    writer.add(message);
  }
  EXPECT_FALSE(writer.has_room(message));
  const std::string full = writer.take();
  EXPECT_EQ(open_parcel(full).value().size(), kMaxParcelMessages);
  EXPECT_EQ(trouble_with(full + std::string(4, '\0')), "parcel: more than 256 messages");
}

TEST(ParcelTest, BrokenParcelsAreRefusedAsAWhole) {
  const std::string payload = parcel_of({sample(1), sample(2)});
  const std::size_t second = 1 + 4 + encoded_size(sample(1));
  for (std::size_t size = 1; size < payload.size(); ++size) {
    const std::string trouble = trouble_with(payload.substr(0, size));
    // Between two messages nobody can tell that a third is missing.
    EXPECT_EQ(trouble.empty(), size == second) << size;
  }
  EXPECT_EQ(trouble_with("\x03"), "parcel: no message in it");
  EXPECT_EQ(trouble_with(payload.substr(0, 3)), "parcel: it ends inside a length");
  EXPECT_EQ(trouble_with(payload.substr(0, 40)), "parcel: it ends inside a message");
  EXPECT_EQ(trouble_with(payload + '\0'), "parcel: it ends inside a length");
  EXPECT_EQ(trouble_with("\x03\xff\xff\xff\xffgarbage"), "parcel: it ends inside a message");
}

TEST(ParcelTest, WhatIsNoParcelIsHandedOnAsItIs) {
  for (const std::string payload : {"", "garbage", "\x07"}) {
    const auto pieces = open_parcel(payload);
    ASSERT_TRUE(pieces);
    ASSERT_EQ(pieces->size(), 1U);
    EXPECT_EQ(pieces->at(0), payload);
  }
}

TEST(ParcelTest, AParcelIsNoMessageEvenInsideAParcel) {
  const std::string inner = parcel_of({sample(1), sample(2)});
  EXPECT_NE(decode_message(inner).error().detail.find("version 3"), std::string::npos);
  std::string outer = "\x03";
  outer += std::string(3, '\0') + static_cast<char>(inner.size()) + inner;
  const auto pieces = open_parcel(outer);
  ASSERT_TRUE(pieces);
  EXPECT_EQ(pieces->size(), 1U);
  EXPECT_FALSE(decode_message(pieces->at(0)));
}

}  // namespace
}  // namespace stampede
