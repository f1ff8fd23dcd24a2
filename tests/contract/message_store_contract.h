#pragma once

// What every MessageStore must keep. Include in one .cpp per test binary and instantiate with a
// StoreFixtureFactory:
//
//     INSTANTIATE_TEST_SUITE_P(Sqlite, MessageStoreContract,
//                              testing::Values([] { return std::make_unique<SqliteFixture>(); }));

#include <array>
#include <set>
#include <thread>

#include "tests/contract/store_client.h"

namespace stampede::test {

using StoreFixtureFactory = std::function<std::unique_ptr<StoreFixture>()>;

class MessageStoreContract : public testing::TestWithParam<StoreFixtureFactory> {
 protected:
  AppendOutcome append(std::vector<MessageRef> batch) {
    const std::size_t size = batch.size();
    const auto outcome = client_.append(fixture_->store(), std::move(batch)).value();
    EXPECT_EQ(total(outcome), size);
    return outcome;
  }
  Page page(PageQuery query) { return client_.page(fixture_->store(), std::move(query)).value(); }
  std::vector<MessageRef> everything(const std::string& room) {
    return client_.everything(fixture_->store(), room);
  }
  /// Messages at seq 10, 20, … 10 * count.
  void fill(const std::string& room, int count) {
    std::vector<MessageRef> batch;
    for (int i = 1; i <= count; ++i) batch.push_back(stored_message(room, i * 10));
    append(std::move(batch));
  }

  // Askers outlive the store: its threads may still be inside a reply that has arrived.
  StoreClient client_;
  std::array<StoreClient, 4> others_;
  std::unique_ptr<StoreFixture> fixture_ = GetParam()();
  const RoomName room_{"lobby"};
};

TEST_P(MessageStoreContract, GivesBackEveryFieldAsItWas) {
  auto message = std::make_shared<Message>(*stored_message("lobby", 1'700'000'000'000'000));
  message->sender = UserId("J\xc3\xb6rg");
  message->key = "order-17";
  message->content_type = "application/json";
  message->headers = {{"x-one", "1"}, {"x-one", "again"}, {"", ""}};
  message->timestamp_ms = 1'699'999'999'123;
  append({message});
  const Page found = page({room_, {}, {}, 50});
  ASSERT_EQ(found.messages.size(), 1u);
  EXPECT_EQ(*found.messages[0], *message);
}

TEST_P(MessageStoreContract, KeepsAnyBytesThatAClientMaySend) {
  std::string every_byte;
  for (int c = 0; c < 256; ++c) every_byte += static_cast<char>(c);
  auto message = std::make_shared<Message>(*stored_message("lobby", 5));
  message->body = every_byte;
  message->key = every_byte;
  message->content_type = every_byte;
  message->headers = {{every_byte, every_byte}, {"a:b\nc\\", "\r\n"}};
  EXPECT_EQ(append({message}).inserted, 1u);
  EXPECT_EQ(*page({room_, {}, {}, 50}).messages.at(0), *message);
}

TEST_P(MessageStoreContract, KeepsALargeBodyAndAnEmptyOne) {
  append({stored_message("lobby", 1, std::string(16 * 1024 * 1024, 'x')),
          stored_message("lobby", 2, "")});
  const auto all = everything("lobby");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0]->body.size(), 16u * 1024 * 1024);
  EXPECT_TRUE(all[1]->body.empty());
}

TEST_P(MessageStoreContract, TakesAnEmptyBatch) { EXPECT_EQ(append({}).inserted, 0u); }

TEST_P(MessageStoreContract, RepliesAfterTheCallHasReturned) {
  MessageStore& store = fixture_->store();
  EXPECT_TRUE(answers_after_the_call<Result<AppendOutcome>>(
      client_.loop(), [&](auto reply) { store.append({}, std::move(reply)); }));
  EXPECT_TRUE(answers_after_the_call<Result<Page>>(client_.loop(), [&](auto reply) {
    store.page({room_, {}, {}, 50}, std::move(reply));
  }));
}

TEST_P(MessageStoreContract, ARedeliveredBatchChangesNothing) {
  std::vector<MessageRef> batch;
  for (int i = 1; i <= 500; ++i) batch.push_back(stored_message("lobby", i));
  EXPECT_EQ(append(batch).inserted, 500u);
  const auto again = append(batch);
  EXPECT_EQ(again.inserted, 0u);
  EXPECT_EQ(again.duplicates, 500u);
  EXPECT_EQ(everything("lobby").size(), 500u);
}

TEST_P(MessageStoreContract, StoresWhatIsNewInAPartlyRedeliveredBatch) {
  const auto a = stored_message("lobby", 1);
  const auto b = stored_message("lobby", 2);
  const auto c = stored_message("lobby", 3);
  append({a, b});
  const auto outcome = append({c, b, a});
  EXPECT_EQ(outcome.inserted, 1u);
  EXPECT_EQ(outcome.duplicates, 2u);
  EXPECT_EQ(seqs_of(everything("lobby")), (std::vector<Seq>{1, 2, 3}));
}

TEST_P(MessageStoreContract, StoresAMessageOnceThatIsTwiceInABatch) {
  const auto message = stored_message("lobby", 1);
  const auto outcome = append({message, message});
  EXPECT_EQ(outcome.inserted, 1u);
  EXPECT_EQ(outcome.duplicates, 1u);
}

TEST_P(MessageStoreContract, MovesAMessageWhosePositionIsTaken) {
  const auto first = stored_message("lobby", 7, "first");
  const auto second = stored_message("lobby", 7, "second");
  append({first, stored_message("lobby", 9)});
  const auto outcome = append({second});
  EXPECT_EQ(outcome.moved, 1u);
  EXPECT_EQ(outcome.inserted, 0u);
  const auto all = everything("lobby");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0]->id, first->id);
  EXPECT_EQ(all[2]->id, second->id);
  EXPECT_GT(all[2]->position.seq, 9);
  EXPECT_EQ(all[2]->position.prev, kNoSeq);

  EXPECT_EQ(append({second}).duplicates, 1u) << "the moved message, delivered again";
  EXPECT_EQ(everything("lobby").size(), 3u);
}

TEST_P(MessageStoreContract, TwoMessagesOfOneBatchAtOnePositionAreBothKept) {
  const auto outcome = append({stored_message("lobby", 7), stored_message("lobby", 7)});
  EXPECT_EQ(outcome.inserted, 1u);
  EXPECT_EQ(outcome.moved, 1u);
  EXPECT_EQ(everything("lobby").size(), 2u);
}

TEST_P(MessageStoreContract, GivesMessagesWithoutPositionOneInTheOrderOfTheBatch) {
  const Seq far_future = 9'000'000'000'000'000;
  append({stored_message("ahead", far_future)});
  const auto outcome = append({make_message("ahead", "one"), make_message("lobby", "one"),
                               make_message("ahead", "two"), make_message("lobby", "two"),
                               make_message("lobby", "three")});
  EXPECT_EQ(outcome.inserted, 5u);
  EXPECT_EQ(seqs_of(everything("ahead")),
            (std::vector<Seq>{far_future, far_future + 1, far_future + 2}));
  const auto lobby = everything("lobby");
  EXPECT_EQ(bodies_of(lobby), (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_GT(lobby.front()->position.seq, 1'600'000'000'000'000) << "microseconds since 1970";
}

TEST_P(MessageStoreContract, AMessageWithoutPositionIsStoredOnceHoweverOftenItComes) {
  const auto message = make_message("lobby", "hello");
  EXPECT_EQ(append({message, message}).inserted, 1u);
  EXPECT_EQ(append({message}).duplicates, 1u);
  EXPECT_EQ(append({with_position(*message, {42, 41})}).duplicates, 1u)
      << "also when it comes with a position later";
  EXPECT_EQ(everything("lobby").size(), 1u);
}

TEST_P(MessageStoreContract, RefusesAnImpossiblePositionAndStoresTheRest) {
  std::vector<MessageRef> batch;
  for (int i = 1; i <= 100; ++i) batch.push_back(stored_message("lobby", i));
  batch[10] = stored_message("lobby", -5);
  batch[77] = stored_message("lobby", Seq{1} << 60);
  const auto outcome = append(batch);
  EXPECT_EQ(outcome.inserted, 98u);
  ASSERT_EQ(outcome.refused.size(), 2u);
  std::set<std::size_t> indexes;
  for (const auto& refused : outcome.refused) {
    indexes.insert(refused.index);
    EXPECT_FALSE(refused.reason.empty());
  }
  EXPECT_EQ(indexes, (std::set<std::size_t>{10, 77}));
}

TEST_P(MessageStoreContract, ConcurrentBatchesOfOneRoomLoseNothing) {
  // Redeliveries, positions and none, all at once from several callers.
  std::vector<MessageRef> shared;
  for (int i = 1; i <= 50; ++i) shared.push_back(stored_message("lobby", i));
  for (int i = 0; i < 50; ++i) shared.push_back(make_message("lobby", "unplaced"));
  std::vector<std::thread> callers;
  for (StoreClient& other : others_) {
    callers.emplace_back(
        [this, &other, shared] { EXPECT_TRUE(other.append(fixture_->store(), shared)); });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(everything("lobby").size(), shared.size());
}

TEST_P(MessageStoreContract, TheNewestPageComesWithoutABound) {
  fill("lobby", 10);
  const Page found = page({room_, {}, {}, 3});
  EXPECT_EQ(seqs_of(found.messages), (std::vector<Seq>{80, 90, 100}));
  EXPECT_TRUE(found.older);
  EXPECT_FALSE(found.newer);
}

TEST_P(MessageStoreContract, PagesBackwards) {
  fill("lobby", 5);
  Page found = page({room_, Seq{40}, {}, 2});
  EXPECT_EQ(seqs_of(found.messages), (std::vector<Seq>{20, 30}));
  EXPECT_TRUE(found.older);
  EXPECT_TRUE(found.newer);
  found = page({room_, Seq{20}, {}, 2});
  EXPECT_EQ(seqs_of(found.messages), (std::vector<Seq>{10}));
  EXPECT_FALSE(found.older);
  EXPECT_TRUE(found.newer);
}

TEST_P(MessageStoreContract, PagesForwards) {
  fill("lobby", 5);
  Page found = page({room_, {}, Seq{20}, 2});
  EXPECT_EQ(seqs_of(found.messages), (std::vector<Seq>{30, 40}));
  EXPECT_TRUE(found.older);
  EXPECT_TRUE(found.newer);
  found = page({room_, {}, Seq{40}, 2});
  EXPECT_EQ(seqs_of(found.messages), (std::vector<Seq>{50}));
  EXPECT_TRUE(found.older);
  EXPECT_FALSE(found.newer);
}

TEST_P(MessageStoreContract, APageThatFitsExactlyHasNothingBeyond) {
  fill("lobby", 3);
  const Page found = page({room_, {}, {}, 3});
  EXPECT_EQ(found.messages.size(), 3u);
  EXPECT_FALSE(found.older);
  EXPECT_FALSE(page({room_, {}, Seq{0}, 3}).newer);
}

TEST_P(MessageStoreContract, AnEmptyPageStillSaysWhereMessagesAre) {
  fill("lobby", 2);
  const Page past_the_end = page({room_, {}, Seq{20}, 10});
  EXPECT_TRUE(past_the_end.messages.empty());
  EXPECT_TRUE(past_the_end.older);
  EXPECT_FALSE(past_the_end.newer);
  const Page before_the_start = page({room_, Seq{10}, {}, 10});
  EXPECT_TRUE(before_the_start.messages.empty());
  EXPECT_FALSE(before_the_start.older);
  EXPECT_TRUE(before_the_start.newer);
}

TEST_P(MessageStoreContract, ARoomWithoutMessagesHasOneEmptyPage) {
  fill("elsewhere", 2);
  const Page found = page({room_, {}, {}, 10});
  EXPECT_TRUE(found.messages.empty());
  EXPECT_FALSE(found.older);
  EXPECT_FALSE(found.newer);
}

TEST_P(MessageStoreContract, RoomsAreApart) {
  append({stored_message("lobby", 5, "ours"), stored_message("Lobby", 5, "theirs"),
          stored_message("lobby.2", 6)});
  const auto all = everything("lobby");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0]->body, "ours");
}

TEST_P(MessageStoreContract, ALargePageEndsEarlyAndLosesNothing) {
  const std::string body(3 * 1024 * 1024, 'x');
  std::vector<MessageRef> batch;
  for (int i = 1; i <= 6; ++i) batch.push_back(stored_message("lobby", i, body));
  append(std::move(batch));
  const Page newest = page({room_, {}, {}, 50});
  EXPECT_EQ(seqs_of(newest.messages), (std::vector<Seq>{5, 6}));
  EXPECT_TRUE(newest.older);
  const Page first = page({room_, {}, Seq{0}, 50});
  EXPECT_EQ(seqs_of(first.messages), (std::vector<Seq>{1, 2}));
  EXPECT_TRUE(first.newer);
  EXPECT_EQ(seqs_of(everything("lobby")), (std::vector<Seq>{1, 2, 3, 4, 5, 6}));
}

}  // namespace stampede::test
