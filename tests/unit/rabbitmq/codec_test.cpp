#include "shared/adapters/rabbitmq/codec.h"

#include <gtest/gtest.h>

namespace stampede::rabbitmq {
namespace {

std::vector<Frame> cut_all(std::string_view bytes) {
  std::vector<Frame> out;
  while (const auto frame = cut_frame(bytes, kFrameMaxBytes).value()) out.push_back(*frame);
  EXPECT_TRUE(bytes.empty());
  return out;
}

std::string deliver(std::uint64_t tag, std::string_view key) {
  amqp_basic_deliver_t method{};
  method.delivery_tag = tag;
  method.routing_key = to_amqp(key);
  std::string out;
  append_method(out, 3, AMQP_BASIC_DELIVER_METHOD, method);
  return out;
}

/// The header and body frames of a message, as the broker sends them after basic.deliver.
std::vector<std::string> content_payloads(std::string_view body, std::size_t frame_max) {
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_APP_ID_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG;
  properties.app_id = to_amqp("gateway-1");
  properties.correlation_id = to_amqp("17");
  std::string bytes;
  append_publish(bytes, 3, {}, properties, body, frame_max);
  std::vector<std::string> out;
  for (const Frame& frame : cut_all(bytes)) out.emplace_back(frame.payload);
  out.erase(out.begin());
  return out;
}

TEST(AmqpCodecTest, MethodsSurviveTheWay) {
  std::string bytes;
  append_method(bytes, 2, AMQP_BASIC_ACK_METHOD, amqp_basic_ack_t{77, 1});
  const auto frames = cut_all(bytes);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].type, AMQP_FRAME_METHOD);
  EXPECT_EQ(frames[0].channel, 2);
  DecodePool pool;
  const auto method = decode_method(frames[0].payload, pool).value();
  ASSERT_EQ(method.id, AMQP_BASIC_ACK_METHOD);
  EXPECT_EQ(static_cast<const amqp_basic_ack_t*>(method.decoded)->delivery_tag, 77U);
}

TEST(AmqpCodecTest, WaitsForTheWholeFrameAtEveryCut) {
  std::string bytes;
  append_method(bytes, 2, AMQP_BASIC_ACK_METHOD, amqp_basic_ack_t{77, 1});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    std::string_view part = std::string_view(bytes).substr(0, size);
    EXPECT_FALSE(cut_frame(part, kFrameMaxBytes).value());
    EXPECT_EQ(part.size(), size) << "nothing may be taken";
  }
}

TEST(AmqpCodecTest, RefusesWhatIsNotAmqp) {
  std::string_view http("HTTP/1.1 400 Bad Request\r\n");
  EXPECT_TRUE(cut_frame(http, kFrameMaxBytes).error().is(Errc::kProtocol));
  std::string_view other_version("AMQP\x00\x01\x00\x00", 8);
  EXPECT_NE(cut_frame(other_version, kFrameMaxBytes).error().detail.find("another version"),
            std::string::npos);
}

TEST(AmqpCodecTest, RefusesFramesThatAreTooLongOrBadlyEnded) {
  std::string heartbeat;
  append_heartbeat(heartbeat);
  std::string_view input(heartbeat);
  EXPECT_EQ(cut_frame(input, kFrameOverhead).value()->type, AMQP_FRAME_HEARTBEAT);
  heartbeat.back() = 'x';
  input = heartbeat;
  EXPECT_NE(cut_frame(input, kFrameMaxBytes).error().detail.find("end mark"), std::string::npos);
  std::string_view huge("\x01\x00\x01\xff\xff\xff\xff", 7);
  EXPECT_NE(cut_frame(huge, kFrameMaxBytes).error().detail.find("4294967295"), std::string::npos);
}

TEST(AmqpCodecTest, RefusesMethodsThatCannotBeDecoded) {
  DecodePool pool;
  EXPECT_TRUE(decode_method("\x00\x3c", pool).error().is(Errc::kProtocol));
  EXPECT_TRUE(decode_method(std::string_view("\x00\x3c\x00\x50", 4), pool)
                  .error()
                  .is(Errc::kProtocol));  // basic.ack without its tag
  EXPECT_NE(
      decode_method(std::string_view("\x01\x00\x00\x07", 4), pool).error().detail.find("256.7"),
      std::string::npos);
}

TEST(AmqpCodecTest, SplitsLongBodiesIntoFramesOfTheAgreedSize) {
  const std::string body(10'000, 'b');
  std::string bytes;
  append_publish(bytes, 1, {}, {}, body, 4096);
  const auto frames = cut_all(bytes);
  ASSERT_EQ(frames.size(), 5U);
  std::string got;
  for (std::size_t i = 2; i < frames.size(); ++i) {
    EXPECT_LE(frames[i].payload.size() + kFrameOverhead, 4096U);
    got += frames[i].payload;
  }
  EXPECT_EQ(got, body);
}

TEST(ContentAssemblerTest, PutsMessagesOfAnyNumberOfFramesTogether) {
  DecodePool pool;
  ContentAssembler assembler;
  for (const std::size_t size : {0U, 1U, 4088U, 4089U, 20'000U}) {
    const std::string body(size, 'b');
    const std::string method_frame = deliver(size + 1, "007.lobby");
    const auto frames = cut_all(method_frame);
    ASSERT_TRUE(assembler.begin(decode_method(frames[0].payload, pool).value()));
    const auto payloads = content_payloads(body, 4096);
    const Content* content = assembler.header(payloads[0], pool).value();
    for (std::size_t i = 1; i < payloads.size(); ++i) {
      ASSERT_EQ(content, nullptr);
      content = assembler.body(payloads[i]).value();
    }
    ASSERT_NE(content, nullptr);
    EXPECT_EQ(content->body, body);
    EXPECT_EQ(content->delivery_tag, size + 1);
    EXPECT_EQ(content->routing_key, "007.lobby");
    EXPECT_EQ(content->app_id, "gateway-1");
    EXPECT_EQ(content->correlation_id, "17");
    EXPECT_FALSE(content->returned);
  }
}

TEST(ContentAssemblerTest, RefusesFramesOutOfPlace) {
  DecodePool pool;
  const std::string method_frame = deliver(1, "k");
  const auto method = decode_method(cut_all(method_frame)[0].payload, pool).value();
  const auto payloads = content_payloads("body", 4096);
  {
    ContentAssembler assembler;
    EXPECT_FALSE(assembler.header(payloads[0], pool));
    EXPECT_FALSE(assembler.body(payloads[1]));
  }
  {
    ContentAssembler assembler;
    ASSERT_TRUE(assembler.begin(method));
    EXPECT_FALSE(assembler.begin(method)) << "a message inside a message";
    EXPECT_FALSE(assembler.body(payloads[1])) << "a body without its header";
  }
  {
    ContentAssembler assembler;
    ASSERT_TRUE(assembler.begin(method));
    EXPECT_FALSE(assembler.header("short", pool));
    ASSERT_TRUE(assembler.header(payloads[0], pool));
    EXPECT_FALSE(assembler.body("longer than announced"));
  }
}

}  // namespace
}  // namespace stampede::rabbitmq
