#pragma once

#include <string>
#include <string_view>

#include "shared/model/message.h"
#include "shared/ports/user_directory.h"

namespace stampede::redis {

/// Names of everything that is kept in Redis. All keys of a room share the hash tag `{room}`, so
/// that a script touches one slot.
///
/// - `<prefix>:{<room>}:s`: hash, last = seq of the last message, gen = birth of the membership,
///   users = version of the users
/// - `<prefix>:{<room>}:r`: stream of recent messages, id <seq>-0, fields p = prev, m = wire form
/// - `<prefix>:{<room>}:g`: hash, registration -> number of its sessions in the room
/// - `<prefix>:{<room>}:m:<reg>`: hash, session -> "<since_ms>\n<user>"
/// - `<prefix>:{<room>}:u`: hash, user -> "<sessions under all registrations> <since_ms>"
/// - `<prefix>:{<room>}:k:<user>\n<key>`: string "<seq> <prev> <id>" of the message that had the
///   sender's key first
/// - `<prefix>:rooms`: sorted set of "<room> <gen>", all with score 0
/// - `<prefix>:user:<user>\n<queue>`: hash, registration -> number of sessions that have the queue
/// - `<prefix>:{gateways}:leases`: sorted set, registration -> end of its lease in ms, 0 = dead
/// - `<prefix>:{gateways}:rooms:<reg>`: set of the rooms that may have members of the registration
/// - `<prefix>:{gateways}:queues:<reg>`: set of the "<user>\n<queue>" that may have its field
/// - `<prefix>:{gateways}:epoch`: string "<server run id> <since ms>": when Redis last came back
/// - `<prefix>:{gateways}:revocations`: sorted set, "u:<user>" or "t:<token id>" -> when, in ms
///
/// A registration is `<gateway id>/<random>`, one per connection of a gateway: it is never taken up
/// again once it was given up, so whoever finds it dead may remove what is left of it.
class Keys {
 public:
  explicit Keys(std::string prefix) : prefix_(std::move(prefix)) {}

  [[nodiscard]] std::string state(const RoomName& room) const { return of(room, "s"); }
  [[nodiscard]] std::string recent(const RoomName& room) const { return of(room, "r"); }
  [[nodiscard]] std::string gateways(const RoomName& room) const { return of(room, "g"); }
  [[nodiscard]] std::string users(const RoomName& room) const { return of(room, "u"); }
  [[nodiscard]] std::string members(const RoomName& room, const std::string& registration) const {
    return of(room, "m:") + registration;
  }
  [[nodiscard]] std::string sender_key(const Message& message) const {
    return of(message.room, "k:") + message.sender.str() + '\n' + message.key;
  }

  [[nodiscard]] std::string index() const { return prefix_ + ":rooms"; }
  [[nodiscard]] std::string leases() const { return prefix_ + ":{gateways}:leases"; }
  [[nodiscard]] std::string epoch() const { return prefix_ + ":{gateways}:epoch"; }
  [[nodiscard]] std::string revocations() const { return prefix_ + ":{gateways}:revocations"; }
  /// Of a queue_entry.
  [[nodiscard]] std::string user_queue(const std::string& entry) const {
    return prefix_ + ":user:" + entry;
  }
  [[nodiscard]] std::string queues_of(const std::string& registration) const {
    return prefix_ + ":{gateways}:queues:" + registration;
  }
  [[nodiscard]] std::string rooms_of(const std::string& registration) const {
    return prefix_ + ":{gateways}:rooms:" + registration;
  }

 private:
  [[nodiscard]] std::string of(const RoomName& room, std::string_view what) const {
    std::string out;
    out.reserve(prefix_.size() + room.str().size() + what.size() + 4);
    return out.append(prefix_).append(":{").append(room.str()).append("}:").append(what);
  }

  std::string prefix_;
};

/// A user's queue in one piece. Neither part has a control character, so they cannot run together.
inline std::string queue_entry(const UserQueue& queue) {
  return queue.user.str() + '\n' + queue.name.str();
}

/// Entry of the rooms index. A blank sorts below every character of a room name, so entries are in
/// the order of names; the generation tells a room's lives apart, so that removing the entry of one
/// life cannot take away that of the next.
inline std::string index_entry(const RoomName& room, std::int64_t generation) {
  return room.str() + ' ' + std::to_string(generation);
}

}  // namespace stampede::redis
