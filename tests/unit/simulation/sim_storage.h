#pragma once

#include <algorithm>
#include <vector>

#include "shared/ports/message_feed.h"
#include "tests/support/fake_history.h"
#include "tests/unit/simulation/plan.h"
#include "tests/unit/simulation/scheduler.h"

namespace stampede::simulation {

/// The storage queue, the workers and their database in one: what arrives is confirmed, and can be
/// read a while later.
class SimStorage {
 public:
  SimStorage(Scheduler& scheduler, const Plan& plan) : scheduler_(scheduler), plan_(plan) {}

  void take(const MessageRef& message) {
    if (plan_.defect == Plan::Defect::kNotStored && scheduler_.chance(0.1)) return;
    scheduler_.after(scheduler_.between(Milliseconds(1), Milliseconds(100)),
                     [this, message] { insert(message); });
  }

  [[nodiscard]] Scheduler& scheduler() noexcept { return scheduler_; }
  [[nodiscard]] const Plan& plan() const noexcept { return plan_; }
  [[nodiscard]] test::FakeHistory& rows() noexcept { return rows_; }
  [[nodiscard]] bool has(const MessageId& id) const {
    return std::any_of(rows_.stored.begin(), rows_.stored.end(),
                       [&](const MessageRef& row) { return row->id == id; });
  }

 private:
  /// As docs/schema.md says for messages without a position, and at one that is taken.
  void insert(MessageRef message) {
    if (has(message->id)) return;
    Seq last = kNoSeq;
    bool taken = message->position.seq == kNoSeq;
    for (const MessageRef& row : rows_.stored) {
      if (row->room != message->room) continue;
      last = row->position.seq;
      taken = taken || last == message->position.seq;
    }
    if (taken) {
      const Seq now = scheduler_.clock().wall().count();
      message = with_position(*message, {std::max(last + 1, now), kNoSeq});
    }
    const auto place = std::upper_bound(
        rows_.stored.begin(), rows_.stored.end(), message,
        [](const auto& a, const auto& b) { return a->position.seq < b->position.seq; });
    rows_.stored.insert(place, message);
  }

  Scheduler& scheduler_;
  const Plan& plan_;
  test::FakeHistory rows_;  ///< of all rooms, ascending
};

/// One gateway's way to the storage and back.
class SimFeed final : public MessageFeed, public History {
 public:
  explicit SimFeed(SimStorage& storage)
      : storage_(storage),
        there_(storage.scheduler(), storage.plan().slowest_wire),
        back_(storage.scheduler(), storage.plan().slowest_wire) {}

  void append(std::vector<MessageRef> batch, Reply<std::vector<Result<void>>> confirmed) override {
    there_.carry([this, batch, confirmed] {
      if (!alive_) return;  // it died with this in its socket
      for (const MessageRef& message : batch) storage_.take(message);
      back_.carry([confirmed, count = batch.size()] {
        confirmed(std::vector<Result<void>>(count, Result<void>()));
      });
    });
  }
  void page(PageQuery query, Reply<Result<Page>> found) override {
    there_.carry([this, query, found] {
      storage_.rows().page(query, Reply<Result<Page>>(inline_, [this, found](Result<Page> page) {
                             back_.carry([found, page = std::move(page)] { found(page); });
                           }));
    });
  }
  void consume(std::size_t, Executor&, Handler) override {}
  void ack(std::vector<DeliveryTag>) override {}
  void reject(std::vector<Rejection>) override {}
  void stop_consuming(Reply<Result<void>> stopped) override { stopped(Result<void>()); }

  void die() { alive_ = false; }

 private:
  SimStorage& storage_;
  InlineExecutor inline_;
  Wire there_;
  Wire back_;
  bool alive_ = true;
};

}  // namespace stampede::simulation
