// Plain commands, no scripts: a queue is one key, a gateway has one field in it, and what it writes
// there is the whole truth about itself.
#include "shared/adapters/redis/user_queues.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace stampede::redis {
namespace {

/// Entries of a set that go in one command, so that none keeps Redis from others for long.
constexpr std::size_t kEntriesAtOnce = 1'000;

std::size_t count_of(std::string_view text) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// A registration is `<gateway>/<random>`. A gateway that is changing its registration has two
/// fields for a moment, with the same sessions behind both.
void add_place(std::vector<QueuePlace>& places, std::string_view registration,
               std::size_t sessions) {
  const GatewayId gateway(std::string(registration.substr(0, registration.rfind('/'))));
  const auto known = std::find_if(places.begin(), places.end(),
                                  [&](const QueuePlace& one) { return one.gateway == gateway; });
  if (known == places.end()) {
    places.push_back({gateway, sessions});
  } else {
    known->sessions = std::max(known->sessions, sessions);
  }
}

std::vector<QueuePlace> places_of(Answer fields) {
  std::vector<QueuePlace> places;
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    const std::size_t sessions = count_of(fields[i + 1].text());
    if (sessions > 0) add_place(places, fields[i].text(), sessions);
  }
  std::sort(places.begin(), places.end(),
            [](const QueuePlace& a, const QueuePlace& b) { return a.gateway < b.gateway; });
  return places;
}

}  // namespace

void UserQueues::remember(const std::vector<QueueSession>& sessions) {
  for (const QueueSession& one : sessions) queues_[one.queue].insert(one.session);
}

void UserQueues::send(const std::vector<QueueSession>& sessions,
                      const Reply<Result<void>>& entered) {
  Queues changed;
  for (const QueueSession& one : sessions) {
    if (queues_.contains(one.queue)) changed.insert(one.queue);
  }
  if (changed.empty()) {
    entered(Result<void>());
    return;
  }
  send_counts(changed, [entered](const Result<Answer>& answer) {
    if (answer) {
      entered(Result<void>());
    } else {
      entered(answer.error());
    }
  });
}

void UserQueues::leave(const std::vector<QueueSession>& sessions, bool redis_is_there) {
  Queues changed;
  for (const QueueSession& one : sessions) {
    const auto queue = queues_.find(one.queue);
    if (queue == queues_.end() || queue->second.erase(one.session) == 0) continue;
    if (queue->second.empty()) queues_.erase(queue);
    changed.insert(one.queue);
  }
  if (redis_is_there) send_counts(changed, [](const Result<Answer>&) {});
}

void UserQueues::register_all() {
  Queues all;
  for (const auto& [queue, sessions] : queues_) all.insert(queue);
  send_counts(all, [](const Result<Answer>&) {});
}

/// The order makes a crash in between harmless: first the registration can be found, then its
/// queues, then the queues have it; and the other way round when they go.
void UserQueues::send_counts(const Queues& queues, const Done& done) {
  if (queues.empty()) return;
  const auto ignore = [](const Result<Answer>&) {};
  const Keys& keys = context_.keys;
  const std::string& registration = context_.registration;
  context_.connection.send(Command({"ZADD", keys.leases(), "NX", "0", registration}), ignore);
  const std::string set = keys.queues_of(registration);
  std::vector<std::string> come{"SADD", set};
  std::vector<std::string> gone{"SREM", set};
  const auto flush = [&](std::vector<std::string>& command) {
    if (command.size() == 2) return;
    context_.connection.send(Command(std::exchange(command, {command[0], set})), ignore);
  };
  for (const UserQueue& queue : queues) {
    if (!queues_.contains(queue)) continue;
    come.push_back(queue_entry(queue));
    if (come.size() > kEntriesAtOnce) flush(come);
  }
  flush(come);
  std::size_t left = queues.size();
  for (const UserQueue& queue : queues) {
    const auto here = queues_.find(queue);
    const std::string key = keys.user_queue(queue_entry(queue));
    // A pipeline keeps the order, so the last answer tells of all.
    const Done& told = --left == 0 ? done : Done(ignore);
    if (here == queues_.end()) {
      gone.push_back(queue_entry(queue));
      context_.connection.send(Command({"HDEL", key, registration}), told);
    } else {
      context_.connection.send(
          Command({"HSET", key, registration, std::to_string(here->second.size())}), told);
    }
    if (gone.size() > kEntriesAtOnce) flush(gone);
  }
  flush(gone);
}

void UserQueues::find(const std::vector<UserQueue>& queues,
                      const Reply<Result<UserDirectory::Places>>& found) {
  struct Lookup {
    Result<UserDirectory::Places> result;
    std::size_t open;
  };
  if (queues.empty()) {
    found(UserDirectory::Places{});
    return;
  }
  const auto lookup =
      std::make_shared<Lookup>(Lookup{UserDirectory::Places(queues.size()), queues.size()});
  for (std::size_t i = 0; i < queues.size(); ++i) {
    context_.connection.send(Command({"HGETALL", context_.keys.user_queue(queue_entry(queues[i]))}),
                             [lookup, i, found](const Result<Answer>& answer) {
                               if (!answer) {
                                 lookup->result = answer.error();
                               } else if (lookup->result) {
                                 (*lookup->result)[i] = places_of(*answer);
                               }
                               if (--lookup->open == 0) found(std::move(lookup->result));
                             });
  }
}

}  // namespace stampede::redis
