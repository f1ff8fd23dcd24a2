#include "tests/unit/session/session_fixture.h"

namespace stampede::gateway {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class SessionReplayTest : public SessionTest {
 protected:
  /// Sends to the room without being in it; gives the positions.
  std::vector<std::string> send(int count) {
    std::vector<std::string> out;
    for (int i = 0; i < count; ++i) {
      frame("SEND\ndestination:/topic/a\nreceipt:s\n\nhi");
      shard_.feed.answer_all();
      shard_.executor.run();
      out.push_back(header(sent().back(), "seq"));
    }
    sent().clear();
    return out;
  }
  static std::string header(const std::string& frame, const std::string& name) {
    const std::size_t at = frame.find("\n" + name + ":");
    if (at == std::string::npos) return {};
    const std::size_t start = at + name.size() + 2;
    return frame.substr(start, frame.find('\n', start) - start);
  }
};

TEST_F(SessionReplayTest, TheReceiptEndsTheReplay) {
  connect();
  const auto seqs = send(4);
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nreceipt:r\nsince:" + seqs[1]);
  ASSERT_THAT(sent(), SizeIs(3));
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_THAT(sent()[i], StartsWith("MESSAGE\n"));
    EXPECT_EQ(header(sent()[i], "seq"), seqs[i + 2]);
    EXPECT_EQ(header(sent()[i], "replay"), "true");
  }
  EXPECT_THAT(sent()[2], StartsWith("RECEIPT\n"));
  EXPECT_EQ(header(sent()[2], "seq"), seqs[3]);
  EXPECT_EQ(header(sent()[2], "recovered"), "true");
  EXPECT_EQ(header(sent()[2], "oldest-seq"), "");
  sent().clear();
  frame("SEND\ndestination:/topic/a\n\nlive");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_EQ(header(sent()[0], "replay"), "");
}

TEST_F(SessionReplayTest, WithoutAReceiptAMessageEndsIt) {
  connect();
  const auto seqs = send(3);
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nhistory:2");
  ASSERT_THAT(sent(), SizeIs(3));
  EXPECT_EQ(header(sent()[0], "seq"), seqs[1]);
  EXPECT_EQ(header(sent()[1], "seq"), seqs[2]);
  EXPECT_EQ(header(sent()[2], "event"), "replay-end");
  EXPECT_EQ(header(sent()[2], "live-seq"), seqs[2]);
  EXPECT_EQ(header(sent()[2], "recovered"), "true");
  EXPECT_EQ(header(sent()[2], "subscription"), "0");
  EXPECT_THAT(sent()[2], Not(HasSubstr("\nseq:"))) << "it has no place in the room";
}

TEST_F(SessionReplayTest, AReplayCanBeAcknowledged) {
  connect();
  send(5);
  frame(
      "SUBSCRIBE\nid:0\ndestination:/topic/a\nreceipt:r\nack:client-individual\n"
      "prefetch-count:2\nsince:0");
  ASSERT_THAT(sent(), SizeIs(3)) << "as many as may be unacknowledged, and the receipt";
  EXPECT_EQ(header(sent()[0], "replay"), "true");
  frame("ACK\nid:" + header(sent()[0], "ack"));
  ASSERT_THAT(sent(), SizeIs(4));
  EXPECT_EQ(header(sent()[3], "replay"), "true");
}

TEST_F(SessionReplayTest, ALossIsSaidInTheReceipt) {
  connect();
  const auto seqs = send(1'001);  // the directory keeps 1000, and there is no history
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nreceipt:r\nsince:0");
  shard_.pass(Seconds(3));
  ASSERT_THAT(sent(), SizeIs(1'001));
  EXPECT_EQ(header(sent().back(), "recovered"), "false");
  EXPECT_EQ(header(sent().back(), "oldest-seq"), seqs[1]);
}

TEST_F(SessionReplayTest, AWholeReplayLargerThanTheWindowComesPieceByPiece) {
  connect();
  send(30);
  transport_.queued = 10'000'000;
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nreceipt:r\nsince:0");
  EXPECT_THAT(sent(), SizeIs(0)) << "the client has not taken what it was sent before";
  transport_.queued = 0;
  shard_.pass(Milliseconds(100));
  EXPECT_THAT(sent(), SizeIs(31));
}

TEST_F(SessionReplayTest, WrongPositionsAreNamed) {
  for (const char* wrong : {"since:yesterday", "since:-1", "since:9007199254740992", "since:"}) {
    test::FakeTransport transport;
    Session session(transport, shard_.context, SessionId("gw.0.2"));
    session.on_bytes(std::string("CONNECT\naccept-version:1.2\n\n\0", 29));
    session.on_bytes("SUBSCRIBE\nid:0\ndestination:/topic/a\n" + std::string(wrong) + "\n\n" +
                     std::string(1, '\0'));
    shard_.executor.run();
    ASSERT_THAT(transport.sent, SizeIs(2)) << wrong;
    EXPECT_THAT(transport.sent[1], HasSubstr("message:Invalid header\n"));
    EXPECT_THAT(transport.sent[1], HasSubstr("0 for the beginning"));
  }
}

TEST_F(SessionReplayTest, ATooLongHistoryNamesTheLimit) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nhistory:10001");
  EXPECT_THAT(sent().at(0), HasSubstr("history is '10001'; allowed: a number of messages from 0 "
                                      "to 10000"));
}

TEST_F(SessionReplayTest, SinceAndHistoryExcludeEachOther) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a\nhistory:1\nsince:1");
  EXPECT_THAT(sent().at(0), HasSubstr("exclude each other"));
}

TEST_F(SessionReplayTest, SendersCannotForgeAReplay) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("SEND\ndestination:/topic/a\nreplay:true\nrecovered:false\nevent:join\n\nhi");
  ASSERT_THAT(sent(), SizeIs(1));
  for (const char* name : {"replay", "recovered", "event"}) EXPECT_EQ(header(sent()[0], name), "");
}

}  // namespace
}  // namespace stampede::gateway
