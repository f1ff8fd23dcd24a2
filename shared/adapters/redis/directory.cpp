// Calls wait in a list of our own rather than in the loop's: what the loop drops when it is stopped
// would never be answered.
#include "shared/adapters/redis/directory.h"

#include <algorithm>
#include <utility>

namespace stampede::redis {
namespace {

constexpr const char* kComponent = "redis";

}  // namespace

Directory::Directory(Loop& loop, const Options& options, Server server, Metrics& metrics,
                     Health& health)
    : loop_(loop),
      options_(options),
      keys_(options_.prefix),
      health_(health),
      news_(loop),
      connection_(loop, options_, std::move(server),
                  {[this] { registrar_.on_up(); }, [this](const std::string& why) { close(why); }},
                  metrics),
      context_{loop_, options_, keys_, connection_, membership_, news_, {}, {}},
      registrar_(
          context_, [this] { open(); }, metrics),
      sequencer_(context_, [this] { registrar_.on_data_lost(); }),
      reads_(context_),
      revocations_(context_),
      users_(context_) {
  // Nobody tells a directory without a lease when Redis has come back empty.
  if (options_.gateway.empty()) context_.unproven_till = Clock::Instant::max();
  health_.set(kComponent, false, connection_.reason());
  loop_.post([this] { connection_.start(); });
}

Directory::~Directory() {
  const Error error(Errc::kCancelled, "the room directory is shutting down");
  open_ = false;
  registrar_.give_up(error);
  connection_.shut_down();
  for (const Call& call : calls_) call(&error);
  for (const Held& held : held_) held.call(&error);
}

void Directory::submit(Call call) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = calls_.empty();
    calls_.push_back(std::move(call));
  }
  if (first) loop_.post([this] { run_calls(); });
}

void Directory::run_calls() {
  {
    const std::lock_guard lock(mutex_);
    running_.swap(calls_);
  }
  for (const Call& call : running_) call(nullptr);
  running_.clear();
}

Error Directory::away() const {
  return {Errc::kUnavailable,
          "Redis is away: " + (connection_.is_up() ? "registering members" : connection_.reason())};
}

void Directory::when_open(Call call) {
  if (open_) {
    call(nullptr);
    return;
  }
  held_.push_back({system_clock().now() + options_.timeout, std::move(call)});
  loop_.post_after(options_.timeout, [this] { expire_held(); });
}

void Directory::expire_held() {
  const Error error = away();
  while (!held_.empty() && held_.front().deadline <= system_clock().now()) {
    const Held expired = std::move(held_.front());
    held_.pop_front();
    expired.call(&error);
  }
}

void Directory::open() {
  open_ = true;
  connection_.settle();
  health_.set(kComponent, true);
  revocations_.on_open();
  users_.register_all();
  for (const Held& held : std::exchange(held_, {})) held.call(nullptr);
}

void Directory::close(const std::string& reason) {
  open_ = false;
  registrar_.on_down();
  revocations_.on_close();
  health_.set(kComponent, false, reason);
}

Result<void> Directory::check_registers() const {
  if (!options_.gateway.empty()) return {};
  return Error(Errc::kInvalidArgument, "a directory without a gateway id has no members");
}

void Directory::sequence(std::vector<SequenceRequest> batch,
                         Reply<std::vector<Result<Sequenced>>> sequenced) {
  submit([this, batch = std::move(batch),
          sequenced = std::move(sequenced)](const Error* refused) mutable {
    if (refused != nullptr || !open_) {
      const Error error = refused != nullptr ? *refused : away();
      sequenced(std::vector<Result<Sequenced>>(batch.size(), error));
      return;
    }
    sequencer_.sequence(std::move(batch), sequenced);
  });
}

void Directory::enter(std::vector<Member> members, Reply<std::vector<Result<Seq>>> entered) {
  submit([this, members = std::move(members), entered = std::move(entered)](const Error* refused) {
    const auto refuse = [&](const Error& error) {
      entered(std::vector<Result<Seq>>(members.size(), error));
    };
    if (refused != nullptr) return refuse(*refused);
    if (const auto registers = check_registers(); !registers) {
      return refuse(registers.error());
    }
    for (const Member& member : members) membership_.enter(member);
    when_open([this, members, entered](const Error* still_away) {
      if (still_away != nullptr) {
        entered(std::vector<Result<Seq>>(members.size(), *still_away));
      } else {
        send_enter(members, entered);
      }
    });
  });
}

void Directory::send_enter(const std::vector<Member>& members,
                           const Reply<std::vector<Result<Seq>>>& entered) {
  // While the call waited some may have left again; they must not come back.
  std::vector<Member> still;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!membership_.has(members[i].room, members[i].session)) continue;
    still.push_back(members[i]);
    places.push_back(i);
  }
  if (still.empty()) {
    entered(std::vector<Result<Seq>>(members.size(), kNoSeq));
    return;
  }
  registrar_.enter(
      still, Registrar::Announce::kYes,
      [entered, places, count = members.size()](const std::vector<Result<Seq>>& results) {
        std::vector<Result<Seq>> out(count, kNoSeq);
        for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = results[i];
        entered(std::move(out));
      });
}

void Directory::leave(std::vector<Member> members) {
  submit([this, members = std::move(members)](const Error* refused) {
    if (refused != nullptr) return;
    std::vector<Member> left;
    for (const Member& member : members) {
      if (membership_.leave(member)) left.push_back(member);
    }
    // Otherwise they are simply not entered again when Redis is back.
    if (open_ && !left.empty()) registrar_.leave(left);
  });
}

void Directory::recent(RoomName room, Seq after, std::size_t limit,
                       Reply<Result<std::vector<MessageRef>>> found) {
  submit(
      [this, room = std::move(room), after, limit, found = std::move(found)](const Error* refused) {
        if (refused != nullptr) {
          found(*refused);
          return;
        }
        when_open([this, room, after, limit, found](const Error* still_away) {
          if (still_away != nullptr) {
            found(*still_away);
          } else {
            reads_.recent(room, after, limit, found);
          }
        });
      });
}

void Directory::last(std::vector<RoomName> rooms, Reply<Result<std::vector<Seq>>> found) {
  submit([this, rooms = std::move(rooms), found = std::move(found)](const Error* refused) {
    if (refused != nullptr) {
      found(*refused);
      return;
    }
    when_open([this, rooms, found](const Error* still_away) {
      if (still_away != nullptr) {
        found(*still_away);
      } else {
        reads_.last(rooms, found);
      }
    });
  });
}

void Directory::rooms(RoomsQuery query, Reply<Result<std::vector<RoomSummary>>> found) {
  submit([this, query = std::move(query), found = std::move(found)](const Error* refused) {
    if (refused != nullptr) {
      found(*refused);
      return;
    }
    when_open([this, query, found](const Error* still_away) {
      if (still_away != nullptr) {
        found(*still_away);
      } else {
        registrar_.after_changes([this, query, found] { reads_.rooms(query, found); });
      }
    });
  });
}

void Directory::members(RoomName room, Reply<Result<std::vector<Member>>> found) {
  submit([this, room = std::move(room), found = std::move(found)](const Error* refused) {
    if (refused != nullptr) {
      found(*refused);
      return;
    }
    when_open([this, room, found](const Error* still_away) {
      if (still_away != nullptr) {
        found(*still_away);
      } else {
        registrar_.after_changes([this, room, found] { reads_.members(room, found); });
      }
    });
  });
}

void Directory::enter(std::vector<QueueSession> sessions, Reply<Result<void>> entered) {
  submit(
      [this, sessions = std::move(sessions), entered = std::move(entered)](const Error* refused) {
        const auto registers = check_registers();
        if (refused != nullptr || !registers) {
          entered(refused != nullptr ? *refused : registers.error());
          return;
        }
        users_.remember(sessions);
        when_open([this, sessions, entered](const Error* still_away) {
          if (still_away != nullptr) {
            entered(*still_away);
          } else {
            users_.send(sessions, entered);
          }
        });
      });
}

void Directory::leave(std::vector<QueueSession> sessions) {
  submit([this, sessions = std::move(sessions)](const Error* refused) {
    if (refused == nullptr) users_.leave(sessions, open_);
  });
}

void Directory::find(std::vector<UserQueue> queues, Reply<Result<Places>> found) {
  submit([this, queues = std::move(queues), found = std::move(found)](const Error* refused) {
    if (refused != nullptr || !open_) {
      found(refused != nullptr ? *refused : away());
      return;
    }
    users_.find(queues, found);
  });
}

void Directory::watch_changes(Executor& on, Presence::News news) {
  submit([this, &on, news = std::move(news)](const Error* refused) {
    if (refused == nullptr) news_.watch(on, news);
  });
}

void Directory::users(RoomName room, std::size_t limit, Reply<Result<RoomUsers>> found) {
  submit([this, room = std::move(room), limit, found = std::move(found)](const Error* refused) {
    if (refused != nullptr) return found(*refused);
    when_open([this, room, limit, found](const Error* still_away) {
      if (still_away != nullptr) return found(*still_away);
      registrar_.after_changes([this, room, limit, found] { reads_.users(room, limit, found); });
    });
  });
}

void Directory::versions(std::vector<RoomName> rooms, Reply<Result<std::vector<Seq>>> found) {
  submit([this, rooms = std::move(rooms), found = std::move(found)](const Error* refused) {
    if (refused != nullptr) return found(*refused);
    when_open([this, rooms, found](const Error* still_away) {
      if (still_away != nullptr) return found(*still_away);
      reads_.versions(rooms, found);
    });
  });
}

void Directory::depart(Milliseconds grace, Reply<Result<void>> departed) {
  submit([this, grace, departed = std::move(departed)](const Error* refused) {
    if (refused != nullptr) return departed(*refused);
    when_open([this, grace, departed](const Error* still_away) {
      if (still_away != nullptr) return departed(*still_away);
      registrar_.after_changes([this, grace, departed] {
        registrar_.depart(grace, [departed](const Result<void>& result) { departed(result); });
      });
    });
  });
}

void Directory::revoke(Revocation revocation, Reply<Result<void>> revoked) {
  submit([this, revocation = std::move(revocation),
          revoked = std::move(revoked)](const Error* refused) {
    const auto checked = check_revocation(revocation);
    if (refused != nullptr || !checked) {
      revoked(refused != nullptr ? *refused : checked.error());
      return;
    }
    when_open([this, revocation, revoked](const Error* still_away) {
      if (still_away != nullptr) {
        revoked(*still_away);
      } else {
        revocations_.revoke(revocation, revoked);
      }
    });
  });
}

void Directory::watch(Executor& on, Revocations::News news) {
  submit([this, &on, news = std::move(news)](const Error* refused) {
    if (refused == nullptr) revocations_.watch(on, news);
  });
}

}  // namespace stampede::redis
