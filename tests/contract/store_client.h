#pragma once

// What tests of a store ask with and are made of; safe to include in any number of files.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shared/ports/message_store.h"
#include "shared/runtime/loop.h"
#include "tests/contract/asking.h"

namespace stampede::test {

/// One store for the time of a test, empty at first and reachable.
class StoreFixture {
 public:
  virtual ~StoreFixture() = default;
  virtual MessageStore& store() = 0;
};

/// Asks a store and waits, from the test's thread.
class StoreClient {
 public:
  StoreClient() { loop_.start(); }

  Result<AppendOutcome> append(MessageStore& store, std::vector<MessageRef> batch) {
    return ask<Result<AppendOutcome>>(
        loop_, [&](auto reply) { store.append(std::move(batch), std::move(reply)); });
  }
  Result<Page> page(MessageStore& store, PageQuery query) {
    return ask<Result<Page>>(loop_,
                             [&](auto reply) { store.page(std::move(query), std::move(reply)); });
  }
  /// Everything in the room, page by page.
  std::vector<MessageRef> everything(MessageStore& store, const std::string& room) {
    std::vector<MessageRef> all;
    PageQuery query{RoomName(room), std::nullopt, Seq{0}, 200};
    while (true) {
      const Page found = page(store, query).value();
      all.insert(all.end(), found.messages.begin(), found.messages.end());
      if (!found.newer) return all;
      query.after = all.back()->position.seq;
    }
  }
  Loop& loop() { return loop_; }

 private:
  Loop loop_{"asker"};
};

/// Builders that every test of a store shares.
inline MessageRef stored_message(const std::string& room, Seq seq,
                                 const std::string& body = "hello") {
  return with_position(*make_message(room, body), {seq, seq - 1});
}

inline std::vector<Seq> seqs_of(const std::vector<MessageRef>& messages) {
  std::vector<Seq> out;
  for (const MessageRef& message : messages) out.push_back(message->position.seq);
  return out;
}

/// Whether each message of a batch is counted once.
inline std::size_t total(const AppendOutcome& outcome) {
  return outcome.inserted + outcome.duplicates + outcome.moved + outcome.refused.size();
}

}  // namespace stampede::test
