#pragma once

#include <utility>
#include <vector>

#include "shared/ports/message_feed.h"

namespace stampede::test {

/// The appending side of a feed whose confirms a test gives by hand. One thread.
class FakeFeed final : public MessageFeed {
 public:
  struct Append {
    std::vector<MessageRef> batch;
    Reply<std::vector<Result<void>>> confirmed;
  };

  void append(std::vector<MessageRef> batch, Reply<std::vector<Result<void>>> confirmed) override {
    appends.push_back({std::move(batch), std::move(confirmed)});
  }
  void consume(std::size_t, Executor&, Handler) override {}
  void ack(std::vector<DeliveryTag>) override {}
  void reject(std::vector<Rejection>) override {}
  void stop_consuming(Reply<Result<void>> stopped) override { stopped(Result<void>()); }

  /// Answers every append that waits with `result`.
  void answer_all(const Result<void>& result = {}) {
    for (const Append& one : std::exchange(appends, {})) {
      one.confirmed(std::vector<Result<void>>(one.batch.size(), result));
    }
  }

  std::vector<Append> appends;
};

}  // namespace stampede::test
