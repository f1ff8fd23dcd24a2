// Connections that want TLS, or do not, and how long they are waited for.
#include "shared/sockets/tls_handshakes.h"

#include <gmock/gmock.h>

#include "tests/support/tls_client.h"
#include "tests/unit/net/test_client.h"
#include "tests/unit/sockets/tls_server.h"

namespace stampede::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class TlsHandshakesTest : public TlsServerTest {
 protected:
  std::size_t open() {
    std::size_t count = 0;
    on_loop([&] { count = handshakes_->open(); });
    return count;
  }
  std::string shown_name() {
    TlsClient client(port());
    return client.handshake() ? client.common_name() : "no handshake";
  }
};

TEST_F(TlsHandshakesTest, EndsThoseThatStallAndNoOthers) {
  serve(Milliseconds(200));
  TlsClient good(port());
  ASSERT_TRUE(good.handshake());
  TestClient silent(port());
  TestClient halfway(port());
  halfway.send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  EXPECT_TRUE(silent.at_end());
  EXPECT_TRUE(halfway.at_end());
  EXPECT_EQ(open(), 0u);
  EXPECT_EQ(handshakes("timeout"), 2);
  good.send("still here.");
  EXPECT_EQ(good.read_until("."), "still here.");
}

TEST_F(TlsHandshakesTest, TellsPlainHttpWhatIsSpokenHere) {
  serve();
  TestClient client(port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.read_until("nothing ends like this"),
              AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("https://")));
  EXPECT_EQ(handshakes("failed"), 1);
}

TEST_F(TlsHandshakesTest, CountsWhatIsNoHandshake) {
  serve();
  TestClient client(port());
  client.send(std::string("CONNECT\naccept-version:1.2\n\n\0", 29));
  EXPECT_TRUE(client.at_end());
  EXPECT_EQ(open(), 0u);
  EXPECT_EQ(handshakes("failed"), 1);
}

TEST_F(TlsHandshakesTest, NewConnectionsSeeTheNewCertificateAndOldOnesGoOn) {
  serve();
  TlsClient old(port());
  ASSERT_TRUE(old.handshake());
  EXPECT_EQ(old.common_name(), "first");
  files_.make("cert.pem", "key.pem", "second");
  EXPECT_EQ(shown_name(), "first") << "before it is told to read the files again";
  identity_->reload();
  EXPECT_EQ(shown_name(), "second");
  old.send("still here.");
  EXPECT_EQ(old.read_until("."), "still here.");
}

TEST_F(TlsHandshakesTest, BrokenFilesLeaveTheOldCertificateInUse) {
  serve();
  files_.write("cert.pem", "-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n");
  identity_->reload();
  EXPECT_EQ(shown_name(), "first");
  files_.make("cert.pem", "another-key.pem", "second");
  identity_->reload();
  EXPECT_EQ(shown_name(), "first") << "the key is not that certificate's";
}

TEST_F(TlsHandshakesTest, ClosingEndsWhatIsUnderWay) {
  serve();
  TestClient client(port());
  client.send("\x16");
  while (open() == 0) {
  }
  on_loop([this] { handshakes_->close(); });
  EXPECT_TRUE(client.at_end());
}

}  // namespace
}  // namespace stampede::test
