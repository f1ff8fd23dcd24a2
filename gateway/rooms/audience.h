#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "gateway/session/frame_sink.h"
#include "shared/model/message.h"
#include "shared/stomp/frame.h"

namespace stampede::gateway {

/// One live subscription as its room sees it. Owned by its session; leaves the room before it dies.
class Subscriber {
 public:
  /// `sink` takes its frames and outlives it. `individual`: its MESSAGEs differ from everyone
  /// else's, because it acknowledges by hand. `watches_presence`: it is told who comes and goes.
  Subscriber(FrameSink& sink, stomp::Version version, std::string id, bool individual,
             bool watches_presence = false)
      : sink_(sink),
        version_(version),
        individual_(individual),
        watches_presence_(watches_presence),
        id_(std::move(id)) {}
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;
  virtual ~Subscriber() = default;

  /// Queues a MESSAGE, the same bytes as for the rest of its group.
  void deliver(const Slice& frame) { sink_.send(frame); }
  /// For individual ones instead. Must not change the room's membership inside the call.
  virtual void deliver_individually(const MessageRef& message) = 0;

  /// Whether it can take more of what it may get at its own pace.
  [[nodiscard]] virtual bool has_room() const { return true; }

  /// One message to this one alone, in whichever form.
  void give(const MessageRef& message);

  [[nodiscard]] bool individual() const noexcept { return individual_; }
  [[nodiscard]] bool watches_presence() const noexcept { return watches_presence_; }
  [[nodiscard]] stomp::Version version() const noexcept { return version_; }
  /// The client's subscription id; empty for a 1.0 subscription without one.
  [[nodiscard]] const std::string& id() const noexcept { return id_; }

 private:
  friend class Audience;

  FrameSink& sink_;
  stomp::Version version_;
  bool individual_;
  bool watches_presence_;
  std::string id_;
  std::size_t slot_ = 0;  ///< place in its group
};

/// The members of a room, grouped by what a MESSAGE looks like to them: it is encoded once per
/// (version, subscription id) and shared by the group. STOMP.js numbers its ids sub-0, sub-1, …, so
/// groups are few. One thread.
class Audience {
 public:
  void add(Subscriber& subscriber);
  void remove(Subscriber& subscriber);
  /// Gives every member the messages, in order: to one member after the other, because what a
  /// member is given at once goes out as one buffer. Returns how many frames that were.
  std::size_t deliver(std::span<const MessageRef> messages);
  /// Gives it to those only who take away what they are sent.
  std::size_t deliver_where_room(const MessageRef& message);
  /// Gives it to those only who watch presence.
  std::size_t deliver_to_watchers(const MessageRef& message);

  [[nodiscard]] bool empty() const noexcept { return groups_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  /// A message goes to the sinks: nothing else of a member need be brought into the cache.
  struct Place {
    FrameSink* to;
    Subscriber* who;
  };
  struct Group {
    stomp::Version version;
    bool individual;
    bool watches_presence;
    std::string id;
    std::vector<Place> members;
  };

  static std::size_t deliver_to(const Group& group, std::span<const MessageRef> messages);

  std::vector<Group>::iterator find(const Subscriber& subscriber);

  std::vector<Group> groups_;
};

}  // namespace stampede::gateway
