#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "shared/ports/room_directory.h"

namespace stampede::fuzz {

/// A directory in front of another one that a script makes slow, or takes away. One thread.
class SwitchedDirectory final : public RoomDirectory {
 public:
  enum class Mode { kHere, kSlow, kAway };

  explicit SwitchedDirectory(RoomDirectory& inner) : inner_(inner) {}

  /// What waited because the directory was slow happens first, in order.
  void set(Mode mode) {
    mode_ = mode;
    if (mode == Mode::kSlow) return;
    for (const auto& call : std::exchange(waiting_, {})) call();
  }

  void sequence(std::vector<SequenceRequest> batch,
                Reply<std::vector<Result<Sequenced>>> sequenced) override {
    call([this, batch = std::move(batch), sequenced] {
      if (mode_ != Mode::kAway) return inner_.sequence(batch, sequenced);
      sequenced(std::vector<Result<Sequenced>>(batch.size(), away()));
    });
  }
  void enter(std::vector<Member> members, Reply<std::vector<Result<Seq>>> entered) override {
    call([this, members = std::move(members), entered] {
      if (mode_ != Mode::kAway) return inner_.enter(members, entered);
      entered(std::vector<Result<Seq>>(members.size(), away()));
    });
  }
  void leave(std::vector<Member> members) override {
    call([this, members = std::move(members)] { inner_.leave(members); });
  }
  void recent(RoomName room, Seq after, std::size_t limit,
              Reply<Result<std::vector<MessageRef>>> found) override {
    call([this, room = std::move(room), after, limit, found] {
      if (mode_ != Mode::kAway) return inner_.recent(room, after, limit, found);
      found(away());
    });
  }
  void last(std::vector<RoomName> rooms, Reply<Result<std::vector<Seq>>> found) override {
    call([this, rooms = std::move(rooms), found] {
      if (mode_ != Mode::kAway) return inner_.last(rooms, found);
      found(away());
    });
  }
  void rooms(RoomsQuery query, Reply<Result<std::vector<RoomSummary>>> found) override {
    inner_.rooms(std::move(query), std::move(found));
  }
  void members(RoomName room, Reply<Result<std::vector<Member>>> found) override {
    inner_.members(std::move(room), std::move(found));
  }

 private:
  static Error away() { return {Errc::kUnavailable, "the directory is away"}; }

  void call(std::function<void()> what) {
    if (mode_ == Mode::kSlow) {
      waiting_.push_back(std::move(what));
    } else {
      what();
    }
  }

  RoomDirectory& inner_;
  Mode mode_ = Mode::kHere;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace stampede::fuzz
