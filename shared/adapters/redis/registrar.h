#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shared/adapters/redis/change_queue.h"
#include "shared/adapters/redis/context.h"
#include "shared/adapters/redis/reaper.h"

namespace stampede::redis {

/// Keeps this gateway registered: takes a lease when the connection comes up, renews it, enters all
/// members again when it was lost, and has the reaper look after the others. Without a gateway id
/// it only keeps the connection alive. Loop's thread only.
class Registrar {
 public:
  /// `registered` runs whenever everything of the membership has been sent under a new
  /// registration.
  Registrar(Context& context, std::function<void()> registered, Metrics& metrics);

  void on_up();
  void on_down();
  /// Redis turned out to have lost members of ours; does nothing when this comes too often.
  void on_data_lost();

  using Entered = std::function<void(const std::vector<Result<Seq>>&)>;
  /// Whether users who are new to their room are news: not when the members of before are entered
  /// again.
  enum class Announce { kYes, kNo };
  /// Sends `members`, under the registration that is present then, when what was asked for before
  /// leaves room for them.
  void enter(const std::vector<Member>& members, Announce announce, Entered entered);
  /// The same for the leave of `members`, which the membership does not have any more.
  void leave(const std::vector<Member>& members);
  /// Runs `task` when all enters and leaves before it have been sent, or given up.
  void after_changes(const std::function<void()>& task);
  /// The lease ends in `grace`, and is not renewed any more. `departed` runs when Redis has
  /// answered.
  void depart(Milliseconds grace, std::function<void(const Result<void>&)> departed);
  /// Answers what has not been sent.
  void give_up(const Error& error) { changes_.drop_all(error); }

 private:
  void register_anew();
  void on_registered(const std::string& registration);
  void enter_again(std::shared_ptr<std::vector<Member>> members, std::size_t from,
                   const std::string& registration, const std::string& old);
  void retire(const std::string& registration);
  void tick();
  void renew();
  void learn(Answer lease);
  void send_enters(const std::vector<Member>& members, Announce announce, Entered entered);
  void send_leaves(const std::vector<Member>& members, const ChangeQueue::Done& done);
  /// `entered` gets a result for each of the group.
  void send_enter(const std::vector<Member>& members, const RoomGroup& group, Announce announce,
                  Entered entered);
  std::vector<Result<Seq>> read_enter(const std::vector<Member>& members, Announce announce,
                                      Answer said);
  void settle(const std::vector<Member>& let_in, const std::string& registration,
              Announce announce);
  void forget_if_absent(const std::string& registration, const RoomName& room);

  Context& context_;
  const std::function<void()> registered_;
  Reaper reaper_;
  ChangeQueue changes_;
  const Counter registrations_;
  std::minstd_rand random_{std::random_device{}()};
  bool asking_ = false;    ///< a lease call is under way
  bool entering_ = false;  ///< the members are being entered again, a chunk at a time
  bool departing_ = false;
  Clock::Instant repair_not_before_{};
};

}  // namespace stampede::redis
