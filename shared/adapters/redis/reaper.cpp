// A dead registration is never taken up again (see keys.h), so there is no race with its gateway
// coming back: that has another one by then.
#include "shared/adapters/redis/reaper.h"

#include <memory>

namespace stampede::redis {
namespace {

/// Rooms or queues between two looks at what else waits for Redis.
constexpr std::size_t kAtOnce = 500;

}  // namespace

Reaper::Reaper(Context& context, Metrics& metrics)
    : context_(context),
      reaped_(metrics.counter("stampede_redis_reaped_total",
                              "Registrations of gateways that were gone and were cleaned up.")) {}

void Reaper::reap(const std::string& registration) {
  if (at_work_.insert(registration).second) next(registration);
}

void Reaper::next(const std::string& registration) {
  context_.connection.send(
      Command({"SRANDMEMBER", context_.keys.queues_of(registration), std::to_string(kAtOnce)}),
      [this, registration](const Result<Answer>& answer) {
        if (!answer) {
          at_work_.erase(registration);
        } else if (answer->size() > 0) {
          remove_queues(registration, *answer);
        } else {
          next_rooms(registration);
        }
      });
}

void Reaper::remove_queues(const std::string& registration, Answer entries) {
  std::vector<std::string> done{"SREM", context_.keys.queues_of(registration)};
  for (std::size_t i = 0; i < entries.size(); ++i) {
    std::string entry(entries[i].text());
    context_.connection.send(Command({"HDEL", context_.keys.user_queue(entry), registration}),
                             [](const Result<Answer>&) {});
    done.push_back(std::move(entry));
  }
  finish_step(registration, std::move(done));
}

void Reaper::next_rooms(const std::string& registration) {
  context_.connection.send(
      Command({"SRANDMEMBER", context_.keys.rooms_of(registration), std::to_string(kAtOnce)}),
      [this, registration](const Result<Answer>& answer) {
        if (!answer) {
          at_work_.erase(registration);
          return;
        }
        std::vector<RoomName> rooms;
        for (std::size_t i = 0; i < answer->size(); ++i) {
          rooms.emplace_back(std::string((*answer)[i].text()));
        }
        if (!rooms.empty()) {
          remove_from(registration, rooms);
          return;
        }
        context_.connection.send(
            Command::call(Script::kRetire,
                          {context_.keys.leases(), context_.keys.rooms_of(registration),
                           context_.keys.queues_of(registration)},
                          {registration}),
            [this, registration](const Result<Answer>& retired) {
              at_work_.erase(registration);
              if (!retired || retired->integer() == 0) return;
              reaped_.add();
              log_info("registration cleaned up", {{"registration", registration}});
            });
      });
}

void Reaper::remove_from(const std::string& registration, const std::vector<RoomName>& rooms) {
  // The last answer comes last: a pipeline keeps the order.
  auto done = std::make_shared<std::vector<std::string>>(
      std::vector<std::string>{"SREM", context_.keys.rooms_of(registration)});
  for (const RoomName& room : rooms) {
    const bool last = &room == &rooms.back();
    send_leave(context_, registration, room, {}, [this, registration, room, last, done](bool out) {
      if (out) done->push_back(room.str());
      if (!last) return;
      if (done->size() > 2) {
        finish_step(registration, std::move(*done));
      } else {
        at_work_.erase(registration);  // the next look at the leases tries again
      }
    });
  }
}

void Reaper::finish_step(const std::string& registration, std::vector<std::string> what) {
  context_.connection.send(Command(std::move(what)),
                           [this, registration](const Result<Answer>& answer) {
                             if (answer) {
                               next(registration);
                             } else {
                               at_work_.erase(registration);
                             }
                           });
}

}  // namespace stampede::redis
