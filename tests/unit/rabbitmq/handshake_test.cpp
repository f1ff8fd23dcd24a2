#include "shared/adapters/rabbitmq/handshake.h"

#include <gtest/gtest.h>

namespace stampede::rabbitmq {
namespace {

struct Login {
  explicit Login(Seconds heartbeat = Seconds(10))
      : handshake(parse_url("amqp://ann:s3cret@broker/chat").value(), "gateway-1 publish",
                  heartbeat) {}

  template <class M>
  Result<bool> say(amqp_method_number_t id, M method) {
    return handshake.on_method({id, &method}, out);
  }
  Result<bool> start(const char* mechanisms = "AMQPLAIN PLAIN") {
    amqp_connection_start_t start{};
    start.mechanisms = amqp_cstring_bytes(mechanisms);
    return say(AMQP_CONNECTION_START_METHOD, start);
  }
  Result<bool> tune(std::uint16_t channels, std::uint32_t frame_max, std::uint16_t heartbeat) {
    return say(AMQP_CONNECTION_TUNE_METHOD, amqp_connection_tune_t{channels, frame_max, heartbeat});
  }
  /// The methods we answered with since the last call.
  std::vector<Method> answers() {
    sent = std::exchange(out, {});
    std::string_view rest(sent);
    std::vector<Method> methods;
    while (const auto frame = cut_frame(rest, kFrameMaxBytes).value()) {
      EXPECT_EQ(frame->channel, 0);
      methods.push_back(decode_method(frame->payload, pool).value());
    }
    return methods;
  }

  Handshake handshake;
  std::string out;
  std::string sent;
  DecodePool pool;
};

TEST(HandshakeTest, LogsInAndOpensTheVhost) {
  Login login;
  ASSERT_FALSE(login.start().value());
  auto answers = login.answers();
  ASSERT_EQ(answers.size(), 1U);
  const auto& start_ok = *static_cast<const amqp_connection_start_ok_t*>(answers[0].decoded);
  EXPECT_EQ(from_amqp(start_ok.mechanism), "PLAIN");
  EXPECT_EQ(from_amqp(start_ok.response), std::string_view("\0ann\0s3cret", 11));

  ASSERT_FALSE(login.tune(2047, 131'072, 60).value());
  answers = login.answers();
  ASSERT_EQ(answers.size(), 2U);
  const auto& tune_ok = *static_cast<const amqp_connection_tune_ok_t*>(answers[0].decoded);
  EXPECT_EQ(tune_ok.frame_max, 131'072U);
  EXPECT_EQ(tune_ok.heartbeat, 10);
  const auto& open = *static_cast<const amqp_connection_open_t*>(answers[1].decoded);
  EXPECT_EQ(from_amqp(open.virtual_host), "chat");

  EXPECT_TRUE(login.say(AMQP_CONNECTION_OPEN_OK_METHOD, amqp_connection_open_ok_t{}).value());
}

TEST(HandshakeTest, AnnouncesWhatTheBrokerMustKnow) {
  Login login;
  ASSERT_TRUE(login.start());
  const auto answers = login.answers();
  const auto& start_ok = *static_cast<const amqp_connection_start_ok_t*>(answers[0].decoded);
  std::vector<std::string> capabilities;
  for (int i = 0; i < start_ok.client_properties.num_entries; ++i) {
    const auto& entry = start_ok.client_properties.entries[i];
    if (from_amqp(entry.key) != "capabilities") continue;
    for (int j = 0; j < entry.value.value.table.num_entries; ++j) {
      EXPECT_EQ(entry.value.value.table.entries[j].value.value.boolean, 1);
      capabilities.emplace_back(from_amqp(entry.value.value.table.entries[j].key));
    }
  }
  for (const char* wanted :
       {"connection.blocked", "consumer_cancel_notify", "publisher_confirms"}) {
    EXPECT_NE(std::find(capabilities.begin(), capabilities.end(), wanted), capabilities.end())
        << wanted;
  }
}

TEST(HandshakeTest, TakesTheSmallerOfBothLimitsAndZeroForNone) {
  Login smaller;
  ASSERT_TRUE(smaller.start());
  ASSERT_TRUE(smaller.tune(8, 8'192, 5));
  EXPECT_EQ(smaller.handshake.tuned().frame_max, 8'192U);
  EXPECT_EQ(smaller.handshake.tuned().heartbeat, Seconds(5));

  Login unlimited;
  ASSERT_TRUE(unlimited.start());
  ASSERT_TRUE(unlimited.tune(0, 0, 0));
  EXPECT_EQ(unlimited.handshake.tuned().frame_max, kFrameMaxBytes);
  EXPECT_EQ(unlimited.handshake.tuned().heartbeat, Seconds(10));

  Login tiny;
  ASSERT_TRUE(tiny.start());
  EXPECT_TRUE(tiny.tune(8, 1'024, 5).error().is(Errc::kProtocol));
}

TEST(HandshakeTest, SaysWhyTheBrokerRefuses) {
  Login login;
  ASSERT_TRUE(login.start());
  const auto refused = login.say(
      AMQP_CONNECTION_CLOSE_METHOD,
      amqp_connection_close_t{403, amqp_cstring_bytes("ACCESS_REFUSED - Login was refused"), 0, 0});
  EXPECT_TRUE(refused.error().is(Errc::kDenied));
  EXPECT_NE(refused.error().detail.find("403 ACCESS_REFUSED"), std::string::npos);
  EXPECT_EQ(refused.error().detail.find("s3cret"), std::string::npos);
}

TEST(HandshakeTest, RefusesAnotherMechanismOrOrder) {
  Login external;
  EXPECT_TRUE(external.start("EXTERNAL PLAINER").error().is(Errc::kDenied));
  Login early;
  EXPECT_TRUE(early.tune(8, 8'192, 5).error().is(Errc::kProtocol));
}

}  // namespace
}  // namespace stampede::rabbitmq
