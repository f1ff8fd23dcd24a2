// TLS over real loopback sockets, against OpenSSL's own client.
#include "shared/sockets/tls_channel.h"

#include <gmock/gmock.h>

#include "tests/support/tls_client.h"
#include "tests/unit/sockets/tls_server.h"

namespace stampede::test {
namespace {

using ::testing::IsEmpty;

class TlsChannelTest : public TlsServerTest {
 protected:
  static std::string pattern(std::size_t size) {
    std::string text(size, ' ');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
    return text;
  }
};

TEST_F(TlsChannelTest, Speaks12And13AndNothingOlder) {
  serve();
  TlsClient newest(port());
  ASSERT_TRUE(newest.handshake());
  EXPECT_EQ(newest.version(), "TLSv1.3");
  TlsClient older(port(), TLS1_2_VERSION);
  ASSERT_TRUE(older.handshake());
  EXPECT_EQ(older.version(), "TLSv1.2");
  older.send("hello.");
  EXPECT_EQ(older.read_until("."), "hello.");
  TlsClient too_old(port(), TLS1_1_VERSION);
  EXPECT_FALSE(too_old.handshake());
  on_loop([this] { EXPECT_EQ(handshakes_->open(), 0u); });
  EXPECT_EQ(handshakes("ok"), 2);
  EXPECT_EQ(handshakes("failed"), 1);
}

TEST_F(TlsChannelTest, CarriesManyRecordsBothWays) {
  serve();
  TlsClient client(port());
  ASSERT_TRUE(client.handshake());
  const std::string text = pattern(100'000);
  ASSERT_TRUE(client.send(text));
  EXPECT_EQ(client.read_bytes(text.size()), text);
  ASSERT_TRUE(client.send("small."));
  EXPECT_EQ(client.read_until("."), "small.");
}

TEST_F(TlsChannelTest, APeerThatReadsSlowlyGetsEverything) {
  greeting_ = pattern(3'000'000) + ".";
  serve();
  TlsClient client(port(), TLS1_3_VERSION, 4096);
  ASSERT_TRUE(client.handshake());
  on_loop([] {});  // what can be sent is sent; the kernel has not taken all
  EXPECT_EQ(client.read_until("."), greeting_);
}

TEST_F(TlsChannelTest, APeerThatEndsWithAGoodbyeStillReads) {
  serve();
  TlsClient client(port());
  ASSERT_TRUE(client.handshake());
  client.send("last");
  client.say_goodbye();
  EXPECT_EQ(client.read_until("nothing ends like this"), "last<end>");
  EXPECT_TRUE(client.peer_said_goodbye());
}

TEST_F(TlsChannelTest, APeerThatEndsWithoutAGoodbyeHasEndedToo) {
  serve();
  TlsClient client(port());
  ASSERT_TRUE(client.handshake());
  client.send("last");
  client.end_sending();
  EXPECT_EQ(client.read_until("nothing ends like this"), "last<end>");
}

TEST_F(TlsChannelTest, WhatIsNoRecordEndsTheConnection) {
  serve();
  TlsClient client(port());
  ASSERT_TRUE(client.handshake());
  client.send("fine.");
  EXPECT_EQ(client.read_until("."), "fine.");
  client.send_in_the_clear("this was never encrypted");
  EXPECT_THAT(client.read_until("nothing ends like this"), IsEmpty());
}

}  // namespace
}  // namespace stampede::test
