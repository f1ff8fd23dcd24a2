#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shared/ports/message_feed.h"
#include "shared/ports/message_store.h"
#include "shared/ports/revocations.h"
#include "shared/ports/room_directory.h"
#include "storage-worker/api/api.h"
#include "tests/support/fake_clock.h"

namespace stampede::test {

/// A feed that delivers when the test says so and remembers what became of it.
class FakeStorageFeed final : public MessageFeed {
 public:
  void append(std::vector<MessageRef>, Reply<std::vector<Result<void>>>) override {}
  void consume(std::size_t wanted, Executor& on, Handler handler) override {
    prefetch = wanted;
    on_ = &on;
    handler_ = std::move(handler);
  }
  void ack(std::vector<DeliveryTag> tags) override {
    acked.insert(acked.end(), tags.begin(), tags.end());
  }
  void reject(std::vector<Rejection> rejections) override {
    rejected.insert(rejected.end(), rejections.begin(), rejections.end());
  }
  void stop_consuming(Reply<Result<void>> reply) override { stop_reply.emplace(std::move(reply)); }

  void deliver(std::vector<Delivery> deliveries) {
    on_->post([this, deliveries] { handler_(deliveries); });
  }
  void confirm_stop() { (*stop_reply)(Result<void>()); }

  std::size_t prefetch = 0;
  std::vector<DeliveryTag> acked;
  std::vector<Rejection> rejected;
  std::optional<Reply<Result<void>>> stop_reply;

 private:
  Executor* on_ = nullptr;
  Handler handler_;
};

/// A store that answers when the test says so.
class FakeStore final : public MessageStore {
 public:
  struct Append {
    std::vector<MessageRef> batch;
    Reply<Result<AppendOutcome>> reply;
    void succeed() const {
      AppendOutcome outcome;
      outcome.inserted = batch.size();
      reply(outcome);
    }
    void fail() const { reply(Error(Errc::kUnavailable, "the store is away")); }
  };

  void append(std::vector<MessageRef> batch, Reply<Result<AppendOutcome>> stored) override {
    appends.push_back({std::move(batch), std::move(stored)});
  }
  void page(PageQuery query, Reply<Result<Page>> found) override {
    queries.push_back(query);
    found(next_page);
  }

  std::vector<Append> appends;
  std::vector<PageQuery> queries;
  Result<Page> next_page = Page{};
};

/// A directory that answers what the test puts in.
class FakeDirectory final : public RoomDirectory {
 public:
  void sequence(std::vector<SequenceRequest>, Reply<std::vector<Result<Sequenced>>>) override {}
  void enter(std::vector<Member>, Reply<std::vector<Result<Seq>>>) override {}
  void leave(std::vector<Member>) override {}
  void last(std::vector<RoomName>, Reply<Result<std::vector<Seq>>>) override {}
  void recent(RoomName, Seq, std::size_t, Reply<Result<std::vector<MessageRef>>>) override {}
  /// Of `next_rooms` those that the query asks for.
  void rooms(RoomsQuery query, Reply<Result<std::vector<RoomSummary>>> found) override {
    asked = query;
    ++rooms_asked;
    if (!next_rooms) return found(next_rooms);
    std::vector<RoomSummary> page;
    for (const RoomSummary& room : *next_rooms) {
      if (room.room.str() > query.after && page.size() < query.limit) page.push_back(room);
    }
    found(std::move(page));
  }
  void members(RoomName, Reply<Result<std::vector<Member>>> found) override { found(next_members); }

  RoomsQuery asked;
  std::size_t rooms_asked = 0;
  Result<std::vector<RoomSummary>> next_rooms = std::vector<RoomSummary>{};
  Result<std::vector<Member>> next_members = std::vector<Member>{};
};

/// Revocations that the test looks at, and an answer that it puts in.
class FakeRevocations final : public Revocations {
 public:
  void revoke(Revocation revocation, Reply<Result<void>> revoked) override {
    asked.push_back(std::move(revocation));
    revoked(answer);
  }
  void watch(Executor&, News) override {}

  std::vector<Revocation> asked;
  Result<void> answer;
};

inline MessageFeed::Delivery delivery(MessageFeed::DeliveryTag tag,
                                      const std::string& body = "hi") {
  auto message = std::make_shared<Message>();
  message->id = new_message_id();
  message->room = RoomName("lobby");
  message->position = {static_cast<Seq>(tag), static_cast<Seq>(tag) - 1};
  message->body = body;
  return {tag, std::move(message), false};
}

inline std::vector<MessageFeed::Delivery> deliveries(MessageFeed::DeliveryTag first,
                                                     std::size_t count) {
  std::vector<MessageFeed::Delivery> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(delivery(first + i));
  return out;
}

}  // namespace stampede::test
