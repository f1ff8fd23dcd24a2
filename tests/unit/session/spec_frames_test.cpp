// "STOMP Frames", "Value Encoding", "Body", "Standard Headers", "Repeated Header Entries" and "Size
// Limits" from one client to another. tests/unit/stomp holds the same of the decoder alone.
#include "tests/unit/session/specification.h"

namespace stampede::gateway {
namespace {

using stomp::Command;
using stomp::Version;
using test::operator""_frame;
using testing::HasSubstr;
using testing::IsEmpty;

/// A second session, in the room that the first one sends to.
class TwoClientsTest : public SpecificationTest {
 protected:
  void meet(Version sender, Version receiver) {
    connect_as(sender);
    other_.on_bytes("CONNECT\naccept-version:" + std::string(to_string(receiver)) +
                    "\nhost:h\n\n\0SUBSCRIBE\nid:0\ndestination:/topic/a\n\n\0"_frame);
    shard_.executor.run();
    transport_b_.sent.clear();
    receiver_version_ = receiver;
  }
  /// What the other one reads after `headers` and `body` were sent.
  test::OwnedFrame passed_on(const std::string& headers, std::string_view body = "") {
    receive("SEND\ndestination:/topic/a\n" + headers + "\n" + std::string(body) + '\0');
    EXPECT_EQ(transport_b_.sent.size(), 1u);
    if (transport_b_.sent.empty()) return {};
    const std::string bytes = std::exchange(transport_b_.sent, {}).front();
    return test::decode_one(bytes, receiver_version_);
  }

  test::FakeTransport transport_b_;
  Session other_{transport_b_, shard_.context, SessionId("gw.0.2")};
  Version receiver_version_ = Version::kV12;
};

TEST_F(TwoClientsTest, HeaderValuesArriveByteForByte) {
  meet(Version::kV12, Version::kV12);
  const auto message = passed_on(
      "x-all:a\\nb\\rc\\cd\\\\e\nx-colon:http://h:1/\nx-blanks:  two  \nx-empty:\n"
      "gr\xc3\xbc\xc3\x9f e:\xe2\x82\xac\nx\\cy:1\n");
  EXPECT_EQ(header(message, "x-all"), "a\nb\rc:d\\e");
  EXPECT_EQ(header(message, "x-colon"), "http://h:1/");
  EXPECT_EQ(header(message, "x-blanks"), "  two  ");
  EXPECT_EQ(header(message, "x-empty"), "");
  EXPECT_EQ(header(message, "gr\xc3\xbc\xc3\x9f e"), "\xe2\x82\xac");
  EXPECT_EQ(header(message, "x:y"), "1");
}

TEST_F(TwoClientsTest, EachReceiverGetsTheEscapesOfItsVersion) {
  meet(Version::kV12, Version::kV11);
  EXPECT_EQ(header(passed_on("x:a\\nb\\cc\\\\d\n"), "x"), "a\nb:c\\d");
}

TEST_F(TwoClientsTest, WhatA10ClientWritesHasNoEscapes) {
  meet(Version::kV10, Version::kV12);
  EXPECT_EQ(header(passed_on("x:a\\nb\\\n"), "x"), "a\\nb\\");
}

TEST_F(TwoClientsTest, A10ReceiverGetsBackslashesAsTheyAre) {
  meet(Version::kV10, Version::kV12);
  frame("SUBSCRIBE\nid:0\ndestination:/topic/b");
  other_.on_bytes("SEND\ndestination:/topic/b\nx:a\\\\n\\cb\n\n\0"_frame);
  shard_.executor.run();
  EXPECT_THAT(sent().at(0), HasSubstr("\nx:a\\n:b\n"));
}

TEST_F(TwoClientsTest, A10SendersOwnHeadersAreNotTrimmed) {
  meet(Version::kV10, Version::kV12);
  EXPECT_EQ(header(passed_on("x: padded \n"), "x"), " padded ");
}

TEST_F(TwoClientsTest, RepeatedHeadersArePassedOnInOrder) {
  meet(Version::kV12, Version::kV12);
  const auto message = passed_on("foo:World\nfoo:Hello\n");
  std::vector<std::string> values;
  for (const auto& [name, value] : message.headers) {
    if (name == "foo") values.push_back(value);
  }
  EXPECT_THAT(values, testing::ElementsAre("World", "Hello"));
}

TEST_F(TwoClientsTest, ABodyArrivesByteForByteWithItsLength) {
  meet(Version::kV12, Version::kV11);
  const std::string body = "a\0b\r\n\\n\xff\0"_frame;
  const auto message = passed_on(
      "content-type:application/x-odd\ncontent-length:" + std::to_string(body.size()) + "\n", body);
  EXPECT_EQ(message.body, body);
  EXPECT_EQ(header(message, "content-length"), std::to_string(body.size()));
  EXPECT_EQ(header(message, "content-type"), "application/x-odd");
}

TEST_F(TwoClientsTest, NoContentTypeIsInvented) {
  meet(Version::kV12, Version::kV12);
  EXPECT_EQ(header(passed_on("", "x"), "content-type"), std::nullopt);
}

TEST_F(TwoClientsTest, HeaderNamesAreCaseSensitive) {
  meet(Version::kV12, Version::kV12);
  EXPECT_EQ(header(passed_on("Receipt:mine\n"), "Receipt"), "mine");
  EXPECT_THAT(sent(), IsEmpty()) << "a Receipt is not a receipt";
}

TEST_F(SpecificationTest, CrLfIsAnEndOfLineIn12) {
  receive("CONNECT\r\naccept-version:1.2\r\nhost:h\r\n\r\n\0\r\n"_frame);
  EXPECT_EQ(received_one().command, Command::kConnected);
  receive("SUBSCRIBE\r\nid:0\r\ndestination:/topic/a\r\nreceipt:r\r\n\r\n\0\r\n\r\n"_frame);
  EXPECT_EQ(header(received_one(), "receipt-id"), "r");
}

TEST_F(SpecificationTest, LineEndsBetweenFramesAreNothing) {
  connect_as(Version::kV12);
  receive("\n\r\n\n"_frame);
  receive("BEGIN\ntransaction:t\nreceipt:r\n\n\0\n\n\r\n"_frame);
  EXPECT_EQ(header(received_one(), "receipt-id"), "r");
}

TEST_F(SpecificationTest, EveryFrameMayHaveAContentLength) {
  connect_as(Version::kV12);
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nreceipt:r\ncontent-length:0");
  EXPECT_EQ(header(received_one(), "receipt-id"), "r");
}

TEST_F(SpecificationTest, ABodyWhereNoneMayBeIsAnErrorFrom11On) {
  connect_as(Version::kV11);
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nreceipt:r\n\nbody");
  const auto error = expect_error("Invalid frame");
  EXPECT_EQ(header(error, "receipt-id"), "r");
  EXPECT_THAT(error.body, HasSubstr("SUBSCRIBE has a body"));
}

TEST_F(SpecificationTest, The10BodyOfSubscribeIsIgnored) {
  connect_as(Version::kV10);
  frame("SUBSCRIBE\ndestination:/topic/a\nreceipt:r\n\nbody");
  EXPECT_EQ(header(received_one(), "receipt-id"), "r");
}

TEST_F(SpecificationTest, The10PaddingOfItsExamplesIsTaken) {
  connect_as(Version::kV10);
  frame("SUBSCRIBE\ndestination: /topic/a\nack: client \nreceipt: r");
  EXPECT_EQ(header(received_one(), "receipt-id"), "r");
  frame("SEND\ndestination: /topic/a\n\nx");
  EXPECT_EQ(header(received_one(), "destination"), "/topic/a");
  frame("UNSUBSCRIBE\ndestination: /topic/a\nreceipt: s");
  EXPECT_EQ(header(received_one(), "receipt-id"), "s");
}

TEST_F(SpecificationTest, PaddingIsPartOfTheValueFrom11On) {
  connect_as(Version::kV11);
  frame("SUBSCRIBE\nid:0\ndestination: /topic/a");
  EXPECT_THAT(expect_error("Unknown destination").body, HasSubstr("' /topic/a'"));
}

TEST_F(SpecificationTest, AnUndefinedEscapeEndsTheSession) {
  connect_as(Version::kV12);
  frame("SEND\ndestination:/topic/a\nreceipt:r\nx:\\t\n\nhi");
  EXPECT_EQ(header(expect_error("Invalid header"), "receipt-id"), "r");
  EXPECT_THAT(shard_.feed.appends, IsEmpty());
}

TEST_F(SpecificationTest, ASizeLimitEndsTheSessionWithItsName) {
  connect_as(Version::kV11);
  std::string many;
  for (int i = 0; i < 70; ++i) many += "h" + std::to_string(i) + ":1\n";
  frame("SEND\ndestination:/topic/a\n" + many + "\nhi");
  EXPECT_THAT(expect_error("Frame too large").body, HasSubstr("64 headers"));
}

TEST_F(SpecificationTest, AHeaderLineThatIsTooLongEndsTheSession) {
  connect_as(Version::kV12);
  frame("SEND\ndestination:/topic/a\nx:" + std::string(20'000, 'y') + "\n\nhi");
  EXPECT_THAT(expect_error("Frame too large").body, HasSubstr("16384"));
}

}  // namespace
}  // namespace stampede::gateway
