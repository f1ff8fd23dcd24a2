#include "shared/adapters/rabbitmq/append_batch.h"

#include <gtest/gtest.h>

#include <map>

#include "shared/model/parcel.h"
#include "shared/model/partition.h"
#include "shared/model/wire.h"
#include "tests/support/manual_executor.h"

namespace stampede::rabbitmq {
namespace {

class AppendBatchTest : public testing::Test {
 protected:
  MessageRef message(const std::string& room, std::size_t body_bytes = 10) {
    auto out = std::make_shared<Message>();
    out->id = new_message_id();
    out->room = RoomName(room);
    out->position.seq = ++last_;
    out->body.assign(body_bytes, 'x');
    return out;
  }
  void pack(const std::vector<MessageRef>& batch, ByteBound bound = {0, 1'000'000}) {
    parcels_ = parcels_of(batch, bound, Clock::Instant(Seconds(5)),
                          {executor_, [this](std::vector<Result<void>> results) {
                             ++replies_;
                             results_ = std::move(results);
                           }});
  }
  static std::vector<Message> messages_in(const Publish& parcel) {
    std::vector<Message> out;
    for (const auto piece : open_parcel(parcel.payload).value()) {
      out.push_back(decode_message(piece).value());
    }
    return out;
  }
  void settle(std::size_t parcel, Result<void> outcome = {}) {
    const Publish& publish = parcels_.at(parcel);
    publish.settlement->settle(publish.index, std::move(outcome));
    executor_.run();
  }
  /// "+" confirmed, "-" unavailable, "!" overloaded, "?" not for storage.
  std::string picture() const {
    std::string out;
    for (const auto& result : results_) {
      if (result) {
        out += '+';
      } else if (result.error().is(Errc::kOverloaded)) {
        out += '!';
      } else {
        out += result.error().is(Errc::kInvalidArgument) ? '?' : '-';
      }
    }
    return out;
  }

  test::ManualExecutor executor_;
  Seq last_ = 0;
  std::vector<Publish> parcels_;
  std::vector<Result<void>> results_;
  int replies_ = 0;
};

TEST_F(AppendBatchTest, MessagesOfAStorageQueueShareAParcelInTheirOrder) {
  std::vector<MessageRef> batch;
  for (int i = 0; i < 200; ++i) batch.push_back(message("room-" + std::to_string(i % 20)));
  pack(batch);
  std::map<std::uint32_t, std::vector<Message>> expected;
  for (const MessageRef& one : batch) expected[storage_queue_of(one->room)].push_back(*one);
  ASSERT_EQ(parcels_.size(), kStorageQueues) << "a parcel for each queue";
  for (const Publish& parcel : parcels_) {
    EXPECT_EQ(messages_in(parcel), expected.at(parcel.queue));
    EXPECT_EQ(parcel.messages, expected.at(parcel.queue).size());
    EXPECT_EQ(parcel.since, Clock::Instant(Seconds(5)));
  }
}

TEST_F(AppendBatchTest, ARoomsMessagesKeepTheirOrderOverParcels) {
  std::vector<MessageRef> batch;
  for (const std::size_t size : {10U, 20'000U, 20'000U, 10U, 70'000U, 10U, 10U}) {
    batch.push_back(message("lobby", size));
  }
  pack(batch);
  std::vector<Message> got;
  std::vector<std::size_t> sizes;
  for (const Publish& parcel : parcels_) {
    sizes.push_back(parcel.messages);
    for (Message& one : messages_in(parcel)) got.push_back(std::move(one));
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{2, 2, 1, 2}));
  ASSERT_EQ(got.size(), batch.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], *batch[i]) << i;
}

TEST_F(AppendBatchTest, EachMessageHasTheOutcomeOfItsParcel) {
  pack({message("lobby", 20'000), message("lobby", 20'000), message("lobby", 10)});
  ASSERT_EQ(parcels_.size(), 2U);
  settle(1, Error(Errc::kUnavailable, "too late"));
  EXPECT_EQ(replies_, 0);
  settle(0);
  EXPECT_EQ(replies_, 1);
  EXPECT_EQ(picture(), "+--");
}

TEST_F(AppendBatchTest, WhatIsRefusedIsInNoParcelAndTouchesNoOther) {
  auto typing = std::make_shared<Message>(*message("lobby"));
  typing->kind = MessageKind::kEphemeral;
  pack({message("lobby"), typing, message("lobby"), message("lobby", 2'000), message("lobby")},
       {0, 1'000});
  ASSERT_EQ(parcels_.size(), 1U);
  EXPECT_EQ(parcels_[0].messages, 3U);
  EXPECT_EQ(messages_in(parcels_[0]).size(), 3U);
  settle(0);
  EXPECT_EQ(picture(), "+?+!+");
  EXPECT_NE(results_[3].error().detail.find("532 bytes; the limit is 1000"), std::string::npos)
      << results_[3].error().detail;
}

TEST_F(AppendBatchTest, TheBoundCountsWhatWaitsAndWhatTheBatchHasPutIn) {
  pack({message("lobby"), message("lobby"), message("lobby")}, {400, 1'000});
  settle(0);
  EXPECT_EQ(picture(), "++!");
  EXPECT_EQ(parcels_[0].bytes, 2U * 266);
}

TEST_F(AppendBatchTest, AnswersAtOnceWhenNothingIsLeftToSend) {
  pack({});
  executor_.run();
  EXPECT_EQ(replies_, 1);
  EXPECT_TRUE(results_.empty());
  pack({message("lobby"), message("hall")}, {0, 100});
  executor_.run();
  EXPECT_TRUE(parcels_.empty());
  EXPECT_EQ(replies_, 2);
  EXPECT_EQ(picture(), "!!");
}

}  // namespace
}  // namespace stampede::rabbitmq
