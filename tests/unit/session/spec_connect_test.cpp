// "Connecting", "Protocol Negotiation" and "Heart-beating" of STOMP 1.1 and 1.2, and what 1.0 says
// of CONNECT.
#include "tests/unit/session/specification.h"

namespace stampede::gateway {
namespace {

using stomp::Command;
using stomp::Version;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class ConnectTest : public SpecificationTest {
 protected:
  std::string version_for(const std::string& accept_version) {
    frame("CONNECT\naccept-version:" + accept_version + "\nhost:h");
    return header(received_one(), "version").value_or("(none)");
  }
  /// The longest silence of the server during `time`, while a frame comes for the client every
  /// `every`, or none when that is 0. Time goes in steps that are no multiple of the wheel's ticks,
  /// so that timers fire late.
  Milliseconds longest_silence(Milliseconds time, Milliseconds every) {
    constexpr Milliseconds kStep{30};
    Milliseconds longest{0};
    Milliseconds silence{0};
    Milliseconds since_send{0};
    for (Milliseconds done{0}; done < time; done += kStep) {
      if (every.count() > 0 && (since_send += kStep) >= every) {
        since_send = Milliseconds(0);
        frame("SEND\ndestination:/topic/a\n\nx");
      }
      silence = sent().empty() ? silence + kStep : Milliseconds(0);
      longest = std::max(longest, silence);
      sent().clear();
      shard_.clock.advance(kStep);
      shard_.wheel.advance();
    }
    return longest;
  }
};

TEST_F(ConnectTest, TheHighestCommonVersionIsChosen) {
  EXPECT_EQ(version_for("1.0,1.1,2.0"), "1.1");
}

TEST_F(ConnectTest, TheOrderOfTheOffersDoesNotMatter) { EXPECT_EQ(version_for("1.2,1.0"), "1.2"); }

TEST_F(ConnectTest, OfferedVersionsAreComparedAsAWhole) {
  frame("CONNECT\naccept-version:1,1.20,11.2,v1.2\nhost:h");
  expect_error("Version mismatch");
}

TEST_F(ConnectTest, AnEmptyOfferIsNoCommonVersion) {
  frame("CONNECT\naccept-version:\nhost:h");
  expect_error("Version mismatch");
}

TEST_F(ConnectTest, TheErrorOfAMismatchListsOurVersionsAndCloses) {
  frame("CONNECT\naccept-version:2.1\nhost:h");
  const auto error = expect_error("Version mismatch");
  EXPECT_EQ(header(error, "version"), "1.0,1.1,1.2");
  EXPECT_EQ(header(error, "content-type"), "text/plain");
  EXPECT_EQ(error.body, "Supported versions are 1.0,1.1,1.2");
}

TEST_F(ConnectTest, StompWithoutAcceptVersionIs10Too) {
  frame("STOMP\nlogin:ann");
  EXPECT_EQ(header(received_one(), "version"), "1.0");
}

TEST_F(ConnectTest, HostMayBeAnythingOrMissing) {
  frame("CONNECT\naccept-version:1.2");
  EXPECT_EQ(received_one().command, Command::kConnected);
}

TEST_F(ConnectTest, TheServerHeaderIsANameAndAVersion) {
  frame("CONNECT\naccept-version:1.2\nhost:h");
  EXPECT_THAT(header(received_one(), "server").value_or(""),
              testing::MatchesRegex("stampede/[^ /]+"));
}

TEST_F(ConnectTest, ConnectAndConnectedHaveNoEscapes) {
  frame("CONNECT\naccept-version:1.2\nhost:h\nlogin:a\\cb:c\\q");
  EXPECT_THAT(sent().at(0), HasSubstr("user-name:a\\cb:c\\q\n"));
}

TEST_F(ConnectTest, TheFirstOfRepeatedHeadersCounts) {
  frame("CONNECT\naccept-version:1.1\naccept-version:1.2\nhost:h\nlogin:ann\nlogin:bob");
  const auto connected = received_one();
  EXPECT_EQ(header(connected, "version"), "1.1");
  EXPECT_EQ(header(connected, "user-name"), "ann");
}

TEST_F(ConnectTest, A10ClientMayPadItsLogin) {
  frame("CONNECT\nlogin: ann \npasscode:x");
  const auto connected = received_one();
  EXPECT_EQ(header(connected, "version"), "1.0");
  EXPECT_EQ(header(connected, "user-name"), "ann");
}

TEST_F(ConnectTest, LaterClientsAreNotTrimmed) {
  frame("CONNECT\naccept-version:1.1\nhost:h\nlogin: ann ");
  EXPECT_EQ(header(received_one(), "user-name"), " ann ");
}

TEST_F(ConnectTest, AReceiptOfConnectIsNotAnswered) {
  frame("CONNECT\naccept-version:1.2\nhost:h\nreceipt:r");
  EXPECT_EQ(received_one().command, Command::kConnected);
  EXPECT_THAT(sent(), IsEmpty());
}

TEST_F(ConnectTest, TheEscapesOfTheAgreedVersionHoldFromTheNextFrameOn) {
  using namespace std::string_literals;
  receive(
      "CONNECT\naccept-version:1.1\nhost:h\n\n\0"
      "SEND\ndestination:/topic/a\nreceipt:r\nx:a\\r\n\n\0"s);
  version_ = Version::kV11;
  const auto error = expect_error("Invalid header");
  EXPECT_THAT(error.body, HasSubstr("STOMP 1.1 does not define"));
}

TEST_F(ConnectTest, EachSessionHasItsOwnId) {
  frame("CONNECT\naccept-version:1.2\nhost:h");
  const auto first = header(received_one(), "session");
  test::FakeTransport transport;
  Session other(transport, shard_.context, SessionId("gw.0.2"));
  other.on_bytes(std::string("CONNECT\naccept-version:1.2\nhost:h\n\n") + '\0');
  shard_.executor.run();
  ASSERT_TRUE(first);
  EXPECT_THAT(transport.sent.at(0), HasSubstr("session:"));
  EXPECT_THAT(transport.sent.at(0), Not(HasSubstr("session:" + *first + "\n")));
}

TEST_F(ConnectTest, OursIsSaidWhateverTheClientWants) {
  shard_.context.limits.heart_beat = Seconds(7);
  frame("CONNECT\naccept-version:1.2\nhost:h");
  EXPECT_EQ(header(received_one(), "heart-beat"), "7000,7000");
}

TEST_F(ConnectTest, AServerWithoutHeartBeatsSaysSo) {
  shard_.context.limits.heart_beat = Seconds(0);
  frame("CONNECT\naccept-version:1.2\nhost:h\nheart-beat:1000,1000");
  EXPECT_EQ(header(received_one(), "heart-beat"), "0,0");
  shard_.pass(Seconds(200));
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_FALSE(transport_.closed) << "it asked for none, so silence is none";
}

TEST_F(ConnectTest, AMissingHeartBeatHeaderIsNone) {
  connect_as(Version::kV12);
  shard_.pass(Seconds(200));
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_FALSE(transport_.closed);
}

TEST_F(ConnectTest, HeartBeatsHaveTwoWholeNumbers) {
  for (const char* wrong :
       {"", "5", "5,", ",5", "5,5,5", "-1,5", "5,-1", "1.5,5", "a,b", "5 , 5"}) {
    test::FakeTransport transport;
    Session session(transport, shard_.context, SessionId("gw.0.3"));
    session.on_bytes("CONNECT\naccept-version:1.2\nhost:h\nheart-beat:" + std::string(wrong) +
                     "\n\n" + '\0');
    shard_.executor.run();
    ASSERT_THAT(transport.sent, SizeIs(1)) << wrong;
    EXPECT_THAT(transport.sent[0], HasSubstr("message:Invalid header\n")) << wrong;
    EXPECT_TRUE(transport.closed) << wrong;
  }
}

TEST_F(ConnectTest, NoIntervalIsTooLong) {
  frame("CONNECT\naccept-version:1.2\nhost:h\nheart-beat:2147483647,99999999999999999999");
  EXPECT_EQ(received_one().command, Command::kConnected);
  shard_.pass(Seconds(200));
  EXPECT_FALSE(transport_.closed);
}

TEST_F(ConnectTest, TheSlowerOfBothWishesIsTheInterval) {
  connect_as(Version::kV12, "\nheart-beat:0,60000");
  shard_.pass(Seconds(30));
  EXPECT_THAT(sent(), IsEmpty()) << "it asked for one a minute";
  shard_.pass(Seconds(31));
  EXPECT_FALSE(sent().empty());
}

TEST_F(ConnectTest, NeverLongerSilentThanAgreed) {
  connect_as(Version::kV12, "\nheart-beat:0,1000");
  EXPECT_LE(longest_silence(Seconds(60), Milliseconds(0)), Seconds(10));
}

TEST_F(ConnectTest, NeverLongerSilentThanAgreedBetweenFramesEither) {
  connect_as(Version::kV12, "\nheart-beat:0,1000");
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  for (const int every : {700, 1900, 3400, 5100, 9300}) {
    EXPECT_LE(longest_silence(Seconds(100), Milliseconds(every)), Seconds(10))
        << "a frame every " << every << " ms";
  }
}

TEST_F(ConnectTest, AnythingReceivedIsASignOfLife) {
  shard_.context.limits.min_silence = Seconds(0);
  connect_as(Version::kV12, "\nheart-beat:10000,0");
  using namespace std::string_literals;
  // One frame that takes minutes to come, byte by byte.
  for (const char c : "SEND\ndestination:/topic/a\n\n"s) {
    shard_.pass(Seconds(9));
    receive(std::string(1, c));
  }
  EXPECT_FALSE(transport_.closed);
}

TEST_F(ConnectTest, ALateBeatIsTolerated) {
  shard_.context.limits.min_silence = Seconds(0);
  connect_as(Version::kV12, "\nheart-beat:10000,0");
  for (int i = 0; i < 10; ++i) {
    shard_.pass(Seconds(15));
    receive("\n");
  }
  EXPECT_FALSE(transport_.closed) << "an error margin of half the interval";
  shard_.pass(Seconds(31));
  EXPECT_EQ(transport_.closed, CloseReason::kHeartBeatMissed);
}

}  // namespace
}  // namespace stampede::gateway
