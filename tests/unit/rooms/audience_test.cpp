// What each member of a room is given, and in how many pieces.
#include "gateway/rooms/audience.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/session/frames.h"

namespace stampede::test {
namespace {

using gateway::Audience;
using gateway::FrameSink;
using gateway::message_frames;
using gateway::Slice;
using gateway::Subscriber;
using stomp::Version;

class Sink final : public FrameSink {
 public:
  void send(Slice slice) override { slices.push_back(std::move(slice)); }

  std::vector<Slice> slices;
};

class Subscribed final : public Subscriber {
 public:
  Subscribed(Sink& sink, Version version, std::string id)
      : Subscriber(sink, version, std::move(id), /*individual=*/false) {}
  void deliver_individually(const MessageRef&) override { FAIL() << "it acknowledges by itself"; }
};

MessageRef message(std::size_t body_bytes) {
  auto message = std::make_shared<Message>();
  message->id = new_message_id();
  message->room = *parse_room_name("lobby");
  message->body = std::string(body_bytes, 'x');
  return message;
}

std::size_t frames_in(const Slice& slice) {
  std::size_t count = 0;
  slice.for_each_frame([&](std::string_view, std::string_view) { ++count; });
  return count;
}

TEST(AudienceTest, MembersToWhomAMessageLooksTheSameShareOneSlice) {
  Sink one;
  Sink two;
  Sink old;
  Subscribed first(one, Version::kV12, "sub-0");
  Subscribed second(two, Version::kV12, "sub-0");
  Subscribed third(old, Version::kV10, "sub-0");
  Audience audience;
  for (Subscriber* who : std::initializer_list<Subscriber*>{&first, &second, &third}) {
    audience.add(*who);
  }
  const std::vector<MessageRef> turn{message(10), message(20)};
  EXPECT_EQ(audience.deliver(turn), 6u) << "two for each of three";
  ASSERT_EQ(one.slices.size(), 1u);
  EXPECT_EQ(frames_in(one.slices[0]), 2u);
  EXPECT_EQ(one.slices[0].websocket().data(), two.slices.at(0).websocket().data());
  EXPECT_NE(one.slices[0].websocket().data(), old.slices.at(0).websocket().data());

  audience.remove(first);
  audience.deliver(turn);
  EXPECT_EQ(one.slices.size(), 1u);
  EXPECT_EQ(two.slices.size(), 2u);
}

TEST(AudienceTest, AThousandMembersGetEachTurnOnce) {
  std::vector<Sink> sinks(1000);
  std::vector<std::unique_ptr<Subscribed>> members;
  Audience audience;
  for (Sink& sink : sinks) {
    members.push_back(std::make_unique<Subscribed>(sink, Version::kV12, "sub-0"));
    audience.add(*members.back());
  }
  for (std::size_t i = 0; i < 1000; i += 2) audience.remove(*members[i]);
  EXPECT_EQ(audience.deliver({{message(10)}}), 500u);
  for (std::size_t i = 0; i < 1000; ++i) EXPECT_EQ(sinks[i].slices.size(), i % 2);
}

TEST(MessageFramesTest, ASliceHoldsAtMost32KibUnlessOneFrameIsLarger) {
  constexpr std::size_t kRun = 32 * 1024;
  std::vector<MessageRef> turn;
  for (int i = 0; i < 10; ++i) turn.push_back(message(10'000));
  turn.push_back(message(100'000));
  turn.push_back(message(1));
  const std::vector<Slice> slices = message_frames(Version::kV12, "0", turn);
  std::size_t count = 0;
  std::string all;
  for (const Slice& slice : slices) {
    EXPECT_TRUE(frames_in(slice) == 1 || slice.stomp().size() <= kRun);
    count += frames_in(slice);
    all += slice.stomp();
  }
  EXPECT_EQ(count, turn.size());
  EXPECT_EQ(slices.size(), 6u);
  std::string singly;
  for (const MessageRef& one : turn) {
    singly += gateway::message_frame(Version::kV12, "0", *one).stomp();
  }
  EXPECT_EQ(all, singly);
}

}  // namespace
}  // namespace stampede::test
