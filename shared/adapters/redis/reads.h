#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "shared/adapters/redis/context.h"
#include "shared/ports/presence.h"

namespace stampede::redis {

/// The questions a directory answers: recent messages, rooms, members. Members of a gateway whose
/// lease has ended are left out, removed or not. Loop's thread only.
class Reads {
 public:
  explicit Reads(Context& context) : context_(context) {}

  void recent(const RoomName& room, Seq after, std::size_t limit,
              const Reply<Result<std::vector<MessageRef>>>& found);
  void last(const std::vector<RoomName>& rooms, const Reply<Result<std::vector<Seq>>>& found);
  void users(const RoomName& room, std::size_t limit, const Reply<Result<RoomUsers>>& found);
  void versions(const std::vector<RoomName>& rooms, const Reply<Result<std::vector<Seq>>>& found);
  void rooms(RoomsQuery query, Reply<Result<std::vector<RoomSummary>>> found);
  void members(const RoomName& room, Reply<Result<std::vector<Member>>> found);

 private:
  /// One number of each room's state, in order; 0 where there is none.
  void state_of(const std::vector<RoomName>& rooms, const char* field,
                const Reply<Result<std::vector<Seq>>>& found);

  struct Listing;
  struct Roster;

  void next_rooms(const std::shared_ptr<Listing>& listing);
  void summarise(const std::shared_ptr<Listing>& listing, Answer entries);
  void finish_page(const std::shared_ptr<Listing>& listing);

  Context& context_;
};

}  // namespace stampede::redis
