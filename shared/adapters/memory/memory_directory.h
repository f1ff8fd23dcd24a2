#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "shared/base/clock.h"
#include "shared/ports/presence.h"
#include "shared/ports/room_directory.h"

namespace stampede::memory {

/// The rooms of one process. Any thread, one mutex; outlives its directories. `clock` outlives it.
class MemoryRooms {
 public:
  struct Limits {
    std::size_t recent_messages = 1000;      ///< of one room
    std::size_t recent_bytes = 1024 * 1024;  ///< of one room, encoded size
    Milliseconds key_ttl{300'000};           ///< how long a sender's `message-key` is remembered
    Seconds idle_ttl{600};                   ///< how long a room without members is
  };

  MemoryRooms(Limits limits, const Clock& clock) : limits_(limits), clock_(clock) {}
  MemoryRooms(const MemoryRooms&) = delete;
  MemoryRooms& operator=(const MemoryRooms&) = delete;

 private:
  friend class MemoryDirectory;

  struct Entry {
    Member member;
    const void* gateway;
  };
  struct Recent {
    MessageRef message;
    std::size_t bytes;
  };
  struct Room {
    Seq last = kNoSeq;
    std::deque<Recent> recent;
    std::size_t recent_bytes = 0;
    std::map<SessionId, Entry> members;
    std::unordered_map<const void*, std::size_t> members_of;  ///< per gateway
    std::map<UserId, PresentUser> users;
    Seq version = kNoSeq;         ///< of the last change of `users`
    Clock::Instant idle_since{};  ///< only while nobody is in
  };
  struct Key {
    Position position;
    MessageId id;
    Clock::Instant expires;
  };

  // All of these with mutex_ held.
  Room& room(const RoomName& name);
  Sequenced sequence(const SequenceRequest& request, const void* gateway);
  void remember(Room& in, MessageRef message);
  Result<Seq> enter(Member member, const void* gateway, std::vector<PresenceChange>& changes);
  void leave(const RoomName& name, const SessionId& session, std::vector<PresenceChange>& changes);
  void leave_all(const void* gateway, std::vector<PresenceChange>& changes);
  PresenceChange change(Room& room, const RoomName& name, const UserId& user, bool joined,
                        const void* gateway);
  void expire();

  const Limits limits_;
  const Clock& clock_;

  std::mutex mutex_;
  std::map<std::string, Room, std::less<>> rooms_;
  std::unordered_map<std::string, Key> keys_;
  std::deque<std::pair<Clock::Instant, std::string>> expiring_keys_;   ///< oldest first
  std::deque<std::pair<Clock::Instant, std::string>> expiring_rooms_;  ///< oldest first
};

/// One gateway's view of the MemoryRooms. Destroying it takes its members away, and nobody is told.
class MemoryDirectory final : public RoomDirectory, public Presence {
 public:
  explicit MemoryDirectory(MemoryRooms& rooms) : rooms_(rooms) {}
  ~MemoryDirectory() override;
  MemoryDirectory(const MemoryDirectory&) = delete;
  MemoryDirectory& operator=(const MemoryDirectory&) = delete;

  void sequence(std::vector<SequenceRequest> batch,
                Reply<std::vector<Result<Sequenced>>> sequenced) override;
  void enter(std::vector<Member> members, Reply<std::vector<Result<Seq>>> entered) override;
  void leave(std::vector<Member> members) override;
  void recent(RoomName room, Seq after, std::size_t limit,
              Reply<Result<std::vector<MessageRef>>> found) override;
  void last(std::vector<RoomName> rooms, Reply<Result<std::vector<Seq>>> found) override;
  void rooms(RoomsQuery query, Reply<Result<std::vector<RoomSummary>>> found) override;
  void members(RoomName room, Reply<Result<std::vector<Member>>> found) override;

  void watch_changes(Executor& on, News news) override;
  void users(RoomName room, std::size_t limit, Reply<Result<RoomUsers>> found) override;
  void versions(std::vector<RoomName> rooms, Reply<Result<std::vector<Seq>>> found) override;
  void depart(Milliseconds grace, Reply<Result<void>> departed) override;

 private:
  /// With the rooms' mutex held, so that changes are told in the order made.
  void tell(std::vector<PresenceChange> changes);

  MemoryRooms& rooms_;
  Executor* on_ = nullptr;
  News news_;
};

}  // namespace stampede::memory
