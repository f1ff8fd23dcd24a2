#pragma once

#include <map>
#include <memory>
#include <vector>

#include "shared/adapters/memory/memory_directory.h"
#include "tests/unit/simulation/plan.h"
#include "tests/unit/simulation/scheduler.h"

namespace stampede::simulation {

/// Every message that got a position, by room: what members have to see.
using Truth = std::map<RoomName, std::map<Seq, MessageRef>>;

/// One gateway's connection to the directory that all share. Requests take effect in order, answers
/// come back in order, both some time later; while the connection is cut there are none, and
/// members are entered again when it is back.
class SimDirectory final : public RoomDirectory {
 public:
  SimDirectory(Scheduler& scheduler, const Plan& plan, memory::MemoryRooms& rooms, Truth& truth)
      : scheduler_(scheduler),
        plan_(plan),
        rooms_(rooms),
        truth_(truth),
        there_(scheduler, plan.slowest_wire),
        back_(scheduler, plan.slowest_wire),
        server_(std::make_unique<memory::MemoryDirectory>(rooms)) {}

  void sequence(std::vector<SequenceRequest> batch,
                Reply<std::vector<Result<Sequenced>>> sequenced) override {
    std::vector<Result<Sequenced>> refused(batch.size(), away());
    if (cut_) return sequenced(refused);
    using Answer = std::vector<Result<Sequenced>>;
    ask<Answer>(
        [this, batch](Reply<Answer> answer) {
          server_->sequence(batch, Reply<Answer>(inline_, [this, batch, answer](Answer places) {
                              note(batch, places);
                              answer(std::move(places));
                            }));
        },
        refused, std::move(sequenced));
  }

  void enter(std::vector<Member> members, Reply<std::vector<Result<Seq>>> entered) override {
    for (const Member& member : members) members_[{member.room, member.session}] = member;
    using Answer = std::vector<Result<Seq>>;
    const Answer refused(members.size(), away());
    ask<Answer>(
        [this, members](Reply<Answer> answer) {
          server_->enter(members, Reply<Answer>(inline_, [this, members, answer](Answer last) {
                           if (plan_.defect == Plan::Defect::kOldPosition) forget(members, last);
                           answer(std::move(last));
                         }));
        },
        refused, std::move(entered));
  }
  void leave(std::vector<Member> members) override {
    for (const Member& member : members) members_.erase({member.room, member.session});
    if (cut_) return;
    there_.carry([this, members, epoch = epoch_] {
      if (epoch == epoch_ && !dead_) server_->leave(members);
    });
  }
  void recent(RoomName room, Seq after, std::size_t limit,
              Reply<Result<std::vector<MessageRef>>> found) override {
    ask<Result<std::vector<MessageRef>>>(
        [this, room, after, limit](auto answer) { server_->recent(room, after, limit, answer); },
        away(), std::move(found));
  }
  void last(std::vector<RoomName> rooms, Reply<Result<std::vector<Seq>>> found) override {
    ask<Result<std::vector<Seq>>>([this, rooms](auto answer) { server_->last(rooms, answer); },
                                  away(), std::move(found));
  }
  void rooms(RoomsQuery, Reply<Result<std::vector<RoomSummary>>>) override {}
  void members(RoomName, Reply<Result<std::vector<Member>>>) override {}

  /// Everything under way is lost; after a lease's time the others take this gateway for dead.
  void cut(Microseconds time) {
    if (cut_ || dead_) return;
    cut_ = true;
    ++epoch_;
    if (time > kLease) expire();
    scheduler_.after(time, [this] {
      if (!dead_) come_back();
    });
  }
  void die() {
    dead_ = true;
    ++epoch_;
    expire();
  }

 private:
  static constexpr Microseconds kLease{10'000'000};
  static constexpr Microseconds kTimeout{500'000};

  static Error away() { return {Errc::kUnavailable, "the directory is away"}; }

  template <class Answer, class Work>
  void ask(Work work, Answer refused, Reply<Answer> asker) {
    const auto refuse = [this, refused, asker] {
      scheduler_.after(kTimeout, [refused, asker] { asker(refused); });
    };
    if (cut_) return refuse();
    there_.carry([this, work, refuse, asker, epoch = epoch_] {
      if (epoch != epoch_) return refuse();
      work(Reply<Answer>(inline_, [this, refuse, asker, epoch](Answer answer) {
        back_.carry([this, answer = std::move(answer), refuse, asker, epoch] {
          if (epoch != epoch_) return refuse();
          asker(answer);
        });
      }));
    });
  }

  void note(const std::vector<SequenceRequest>& batch, std::vector<Result<Sequenced>>& places) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (places[i]->duplicate) continue;
      const MessageRef placed = with_position(*batch[i].message, places[i]->position);
      truth_[placed->room].emplace(placed->position.seq, placed);
      if (plan_.defect == Plan::Defect::kBypass && scheduler_.chance(0.3)) {
        places[i]->remote = false;
      }
      if (plan_.defect == Plan::Defect::kNoChain) places[i]->position.prev = kNoSeq;
    }
  }

  void forget(const std::vector<Member>& members, std::vector<Result<Seq>>& last) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      const auto& all = truth_[members[i].room];
      const auto at = all.find(*last[i]);
      if (at != all.end()) last[i] = at->second->position.prev;
    }
  }

  void expire() {
    scheduler_.after(kLease, [this, epoch = epoch_] {
      if (epoch == epoch_) server_ = std::make_unique<memory::MemoryDirectory>(rooms_);
    });
  }
  void come_back() {
    cut_ = false;
    ++epoch_;
    server_ = std::make_unique<memory::MemoryDirectory>(rooms_);
    std::vector<Member> again;
    for (const auto& [key, member] : members_) again.push_back(member);
    server_->enter(again, Reply<std::vector<Result<Seq>>>(inline_, [](const auto&) {}));
  }

  Scheduler& scheduler_;
  const Plan& plan_;
  memory::MemoryRooms& rooms_;
  Truth& truth_;
  InlineExecutor inline_;
  Wire there_;
  Wire back_;
  std::unique_ptr<memory::MemoryDirectory> server_;
  std::map<std::pair<RoomName, SessionId>, Member> members_;
  std::uint64_t epoch_ = 0;  ///< answers of an earlier connection are not heard
  bool cut_ = false;
  bool dead_ = false;
};

}  // namespace stampede::simulation
