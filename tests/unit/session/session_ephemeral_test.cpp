#include "tests/unit/session/session_fixture.h"

namespace stampede::gateway {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class SessionEphemeralTest : public SessionTest {
 protected:
  /// What the rooms of all gateways remember.
  Seq last() {
    Seq out = kNoSeq;
    shard_.directory.last({*parse_room_name("a")},
                          Reply<Result<std::vector<Seq>>>(
                              shard_.executor, [&](const auto& found) { out = found->at(0); }));
    shard_.executor.run();
    return out;
  }
};

TEST_F(SessionEphemeralTest, IsDeliveredAndReceiptedButNeitherSequencedNorStored) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("SEND\ndestination:/topic/a\npersistent:false\ntyping:true\nreceipt:r\n\nhi");
  ASSERT_THAT(sent(), SizeIs(2));
  EXPECT_THAT(sent()[0], HasSubstr("persistent:false\n"));
  EXPECT_THAT(sent()[0], HasSubstr("typing:true\n"));
  EXPECT_THAT(sent()[0], HasSubstr("sender:ann\n"));
  EXPECT_THAT(sent()[0], Not(HasSubstr("seq:")));
  EXPECT_THAT(sent()[1], HasSubstr("RECEIPT\nreceipt-id:r\n"));
  EXPECT_THAT(sent()[1], Not(HasSubstr("seq:")));
  EXPECT_THAT(shard_.feed.appends, IsEmpty());
  EXPECT_EQ(last(), kNoSeq);
}

TEST_F(SessionEphemeralTest, PersistentTrueIsAnOrdinaryMessage) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("SEND\ndestination:/topic/a\npersistent:true\n\nhi");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], HasSubstr("seq:"));
  EXPECT_THAT(sent()[0], Not(HasSubstr("persistent")));
  EXPECT_THAT(shard_.feed.appends, SizeIs(1));
}

TEST_F(SessionEphemeralTest, AnyOtherValueIsRefused) {
  connect();
  frame("SEND\ndestination:/topic/a\npersistent:FALSE\nreceipt:r\n\nhi");
  ASSERT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(sent()[0], HasSubstr("message:Invalid header\n"));
  EXPECT_THAT(sent()[0], HasSubstr("persistent is 'FALSE'; allowed: true, false"));
  EXPECT_THAT(sent()[0], HasSubstr("receipt-id:r\n"));
}

TEST_F(SessionEphemeralTest, HasNoMessageKey) {
  connect();
  frame("SEND\ndestination:/topic/a\npersistent:false\nmessage-key:k\n\nhi");
  EXPECT_THAT(sent().at(0), HasSubstr("message-key with persistent:false"));
}

TEST_F(SessionEphemeralTest, InATransactionTakesEffectAtCommit) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  frame("BEGIN\ntransaction:t");
  frame("SEND\ndestination:/topic/a\ntransaction:t\npersistent:false\nreceipt:r\n\nhi");
  EXPECT_THAT(sent(), IsEmpty());
  frame("COMMIT\ntransaction:t\nreceipt:c");
  ASSERT_THAT(sent(), SizeIs(3));
  EXPECT_THAT(sent()[0], HasSubstr("persistent:false\n"));
  EXPECT_THAT(sent()[1], HasSubstr("receipt-id:r\n"));
  EXPECT_THAT(sent()[2], HasSubstr("receipt-id:c\n"));
}

TEST_F(SessionEphemeralTest, AClientThatTakesNothingGetsChatButNothingEphemeral) {
  connect();
  frame("SUBSCRIBE\nid:0\ndestination:/topic/a");
  transport_.queued = shard_.context.limits.replay_window_bytes;
  frame("SEND\ndestination:/topic/a\npersistent:false\n\nephemeral");
  EXPECT_THAT(sent(), IsEmpty());
  frame("SEND\ndestination:/topic/a\n\nchat");
  EXPECT_THAT(sent(), SizeIs(1));
  EXPECT_THAT(shard_.metrics.expose(), HasSubstr("stampede_gateway_ephemeral_dropped_total 1\n"));
}

}  // namespace
}  // namespace stampede::gateway
