// Redis may forget everything at any time, and a gateway may be cut off for longer than its lease.
// Both end the same way: a new registration, and all members entered again under it.
#include "shared/adapters/redis/registrar.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace stampede::redis {
namespace {

/// Members entered again between two looks at who has left meanwhile.
constexpr std::size_t kMembersAtOnce = 2'000;
/// Members that go together, and those sent and not answered.
constexpr std::size_t kMembersPerStep = 256;
constexpr std::size_t kMembersOpen = 4 * kMembersPerStep;

std::vector<std::vector<Member>> in_steps(const std::vector<Member>& members) {
  std::vector<std::vector<Member>> out;
  for (std::size_t from = 0; from < members.size(); from += kMembersPerStep) {
    const std::size_t till = std::min(members.size(), from + kMembersPerStep);
    out.emplace_back(members.begin() + static_cast<std::ptrdiff_t>(from),
                     members.begin() + static_cast<std::ptrdiff_t>(till));
  }
  return out;
}

/// A lease lives in Redis for two thirds of what is promised: the rest is the reaper's time.
std::string ttl_of(const Options& options) { return std::to_string(options.lease.count() * 2 / 3); }

}  // namespace

Registrar::Registrar(Context& context, std::function<void()> registered, Metrics& metrics)
    : context_(context),
      registered_(std::move(registered)),
      reaper_(context, metrics),
      changes_(kMembersOpen),
      registrations_(metrics.counter("stampede_redis_registrations_total",
                                     "Times this gateway entered all its members.")) {
  tick();
}

void Registrar::on_down() {
  asking_ = false;
  entering_ = false;
  reaper_.stop();
  give_up({Errc::kUnavailable, "Redis is away: " + context_.connection.reason()});
}

void Registrar::on_up() {
  if (context_.options.gateway.empty() || departing_) {
    registered_();
  } else {
    register_anew();
  }
}

void Registrar::on_data_lost() {
  const Clock::Instant now = system_clock().now();
  // What is on its way there cannot be there yet.
  if (asking_ || entering_ || departing_ || changes_.busy() || now < repair_not_before_) return;
  repair_not_before_ = now + context_.options.lease / 5;
  log_warn("redis has lost members, registering all anew",
           {{"registration", context_.registration}});
  register_anew();
}

/// A chain of delayed tasks for the life of the loop; a fifth of the lease, so that two renewals
/// may fail, with some chance so that gateways do not tick together.
void Registrar::tick() {
  const auto lease = std::chrono::duration_cast<Microseconds>(context_.options.lease).count();
  std::uniform_int_distribution<Microseconds::rep> period(lease / 6, lease / 5);
  context_.loop.post_after(Microseconds(period(random_)), [this] {
    tick();
    if (!context_.connection.is_up() || asking_ || departing_) return;
    if (context_.registration.empty()) {
      // Finds out that the other side has silently gone.
      context_.connection.send(Command({"PING"}), [](const Result<Answer>&) {});
    } else {
      renew();
    }
  });
}

void Registrar::renew() {
  asking_ = true;
  context_.connection.send(
      Command::call(Script::kLease, {context_.keys.leases(), context_.keys.epoch()},
                    {context_.registration, ttl_of(context_.options), "renew"}),
      [this](const Result<Answer>& answer) {
        asking_ = false;
        if (!answer) return;
        learn(*answer);
        if ((*answer)[0].integer() == 1) return;
        log_warn("lease lost, registering all members anew",
                 {{"registration", context_.registration}});
        register_anew();
      });
}

void Registrar::register_anew() {
  asking_ = true;
  const std::string registration = context_.options.gateway.str() + "/" + random_hex(8);
  context_.connection.send(
      Command::call(Script::kLease, {context_.keys.leases(), context_.keys.epoch()},
                    {registration, ttl_of(context_.options), "new"}),
      [this, registration](const Result<Answer>& answer) {
        asking_ = false;
        if (!answer) {
          if (context_.connection.is_up()) context_.connection.drop(answer.error().detail);
          return;
        }
        learn(*answer);
        on_registered(registration);
      });
}

void Registrar::on_registered(const std::string& registration) {
  const std::string old = std::exchange(context_.registration, registration);
  auto members = std::make_shared<std::vector<Member>>(context_.membership.all());
  registrations_.add();
  log_info("registering with redis",
           {{"registration", registration}, {"members", members->size()}});
  entering_ = true;
  enter_again(std::move(members), 0, registration, old);
  registered_();
}

void Registrar::enter_again(std::shared_ptr<std::vector<Member>> members, std::size_t from,
                            const std::string& registration, const std::string& old) {
  std::vector<Member> chunk;
  for (; from < members->size() && chunk.size() < kMembersAtOnce; ++from) {
    const Member& member = (*members)[from];
    // Who has left meanwhile must not come back.
    if (context_.membership.has(member.room, member.session)) chunk.push_back(member);
  }
  if (chunk.empty()) {
    entering_ = false;
    // Only now, so that nobody sees these members gone in between.
    if (!old.empty()) retire(old);
    return;
  }
  enter(chunk, Announce::kNo,
        [this, members = std::move(members), from, registration,
         old](const std::vector<Result<Seq>>& entered) {
          if (registration != context_.registration) return;  // begun anew meanwhile
          if (!entered.front() && !context_.connection.is_up()) return;
          enter_again(members, from, registration, old);
        });
}

void Registrar::retire(const std::string& registration) {
  context_.connection.send(Command({"ZADD", context_.keys.leases(), "0", registration}),
                           [](const Result<Answer>&) {});
  reaper_.reap(registration);
}

/// {holds, age of the epoch in ms, dead registrations}, see scripts.cpp.
void Registrar::learn(Answer lease) {
  const Milliseconds age(lease[1].integer());
  const Milliseconds unproven = context_.options.lease - age;
  if (unproven > Milliseconds(0)) {
    context_.unproven_till = std::max(context_.unproven_till, system_clock().now() + unproven);
  }
  const Answer dead = lease[2];
  for (std::size_t i = 0; i < dead.size(); ++i) {
    const std::string registration(dead[i].text());
    if (registration != context_.registration) reaper_.reap(registration);
  }
}

void Registrar::enter(const std::vector<Member>& members, Announce announce, Entered entered) {
  struct Whole {
    std::vector<Result<Seq>> results;
    std::size_t open;
    Entered entered;
  };
  auto steps = in_steps(members);
  auto whole = std::make_shared<Whole>(
      Whole{std::vector<Result<Seq>>(members.size()), steps.size(), std::move(entered)});
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::size_t count = steps[i].size();
    const auto finish = [whole, from = i * kMembersPerStep](const std::vector<Result<Seq>>& part) {
      std::copy(part.begin(), part.end(),
                whole->results.begin() + static_cast<std::ptrdiff_t>(from));
      if (--whole->open == 0) whole->entered(whole->results);
    };
    changes_.add(
        count,
        [this, announce, step = std::move(steps[i]), finish](const ChangeQueue::Done& done) {
          send_enters(step, announce, [finish, done](const std::vector<Result<Seq>>& part) {
            done();
            finish(part);
          });
        },
        [finish, count](const Error& error) { finish(std::vector<Result<Seq>>(count, error)); });
  }
}

/// The order makes a crash in between harmless: first the registration can be found, then its
/// rooms, then it has members there.
void Registrar::send_enters(const std::vector<Member>& members, Announce announce,
                            Entered entered) {
  struct Pending {
    std::vector<Result<Seq>> results;
    std::size_t open;
    Entered entered;
  };
  const auto groups =
      group_by_room(members.size(), kMembersPerStep,
                    [&](std::size_t i) -> const RoomName& { return members[i].room; });
  const auto ignore = [](const Result<Answer>&) {};
  context_.connection.send(
      Command({"ZADD", context_.keys.leases(), "NX", "0", context_.registration}), ignore);
  std::vector<std::string> rooms{"SADD", context_.keys.rooms_of(context_.registration)};
  for (const RoomGroup& group : groups) rooms.push_back(group.room.str());
  context_.connection.send(Command(std::move(rooms)), ignore);

  auto pending = std::make_shared<Pending>(
      Pending{std::vector<Result<Seq>>(members.size()), groups.size(), std::move(entered)});
  for (const RoomGroup& group : groups) {
    send_enter(members, group, announce,
               [pending, indices = group.indices](const std::vector<Result<Seq>>& results) {
                 for (std::size_t i = 0; i < indices.size(); ++i) {
                   pending->results[indices[i]] = results[i];
                 }
                 if (--pending->open == 0) pending->entered(pending->results);
               });
  }
}

void Registrar::send_enter(const std::vector<Member>& members, const RoomGroup& group,
                           Announce announce, Entered entered) {
  const Keys& keys = context_.keys;
  std::vector<Member> entering;
  for (const std::size_t i : group.indices) entering.push_back(members[i]);
  std::vector<std::string> arguments{context_.registration,
                                     std::to_string(entering.front().capacity)};
  for (const Member& member : entering) {
    arguments.push_back(member.session.str());
    arguments.push_back(std::to_string(member.since_ms));
    arguments.push_back(member.user.str());
  }
  context_.connection.send(
      Command::call(Script::kEnter,
                    {keys.state(group.room), keys.recent(group.room), keys.gateways(group.room),
                     keys.members(group.room, context_.registration), keys.users(group.room)},
                    std::move(arguments)),
      [this, room = group.room, announce, registration = context_.registration,
       entering = std::move(entering), entered = std::move(entered)](const Result<Answer>& answer) {
        if (!answer) return entered(std::vector<Result<Seq>>(entering.size(), answer.error()));
        auto results = read_enter(entering, announce, *answer);
        std::vector<Member> let_in;
        for (std::size_t i = 0; i < entering.size(); ++i) {
          if (results[i]) let_in.push_back(entering[i]);
        }
        settle(let_in, registration, announce);
        if (let_in.size() < entering.size()) forget_if_absent(registration, room);
        const std::int64_t generation = (*answer)[1].integer();
        if (generation == 0) return entered(results);  // nobody was let in
        // Answered after the index has the room, so that who has entered also finds it listed.
        context_.connection.send(
            Command({"ZADD", context_.keys.index(), "0", index_entry(room, generation)}),
            [entered, results = std::move(results)](const Result<Answer>& indexed) mutable {
              if (!indexed) results.assign(results.size(), indexed.error());
              entered(results);
            });
      });
}

/// The answer is described with the script; all of `members` are of one room.
std::vector<Result<Seq>> Registrar::read_enter(const std::vector<Member>& members,
                                               Announce announce, Answer said) {
  const RoomName& room = members.front().room;
  if (announce == Announce::kYes) {
    const bool remote = said[2].integer() != 0 || !proven(context_);
    context_.news.add(room, {true, remote, said[3].integer(), said[4].integer(), said[5].integer()},
                      said[6]);
  }
  std::vector<Result<Seq>> results(members.size(), said[0].integer());
  const Answer full = said[7];
  for (std::size_t i = 0; i < full.size(); ++i) {
    const auto at = static_cast<std::size_t>(full[i].integer());
    if (at >= members.size()) continue;
    results[at] = room_full(members[at]);
    context_.membership.leave(members[at]);
  }
  return results;
}

/// Redis has `let_in`, all of one room, under `registration`; the membership may have gone on. A
/// session that asked twice may have been refused first, and is in no room then; and who was not
/// let in yet is not among those that a new registration enters.
void Registrar::settle(const std::vector<Member>& let_in, const std::string& registration,
                       Announce announce) {
  std::vector<SessionId> gone;
  std::vector<Member> left_behind;
  for (const Member& member : let_in) {
    if (member.capacity == 0 && announce == Announce::kYes) continue;  // nothing to be refused
    if (!context_.membership.has(member.room, member.session)) {
      gone.push_back(member.session);
      continue;
    }
    if (member.capacity == 0) continue;
    context_.membership.let_in(member);
    if (registration == context_.registration) continue;
    left_behind.push_back(member);
    left_behind.back().capacity = 0;
  }
  if (!gone.empty()) {
    const RoomName& room = let_in.front().room;
    send_leave(context_, registration, room, gone, [this, registration, room](bool out) {
      if (out) forget_if_absent(registration, room);
    });
  }
  if (!left_behind.empty()) {
    enter(left_behind, Announce::kNo, [](const std::vector<Result<Seq>>&) {});
  }
}

/// Behind whatever was sent before: the reaper must find what a crash in between leaves there.
void Registrar::forget_if_absent(const std::string& registration, const RoomName& room) {
  if (context_.membership.has(room)) return;
  context_.connection.send(Command({"SREM", context_.keys.rooms_of(registration), room.str()}),
                           [](const Result<Answer>&) {});
}

void Registrar::depart(Milliseconds grace, std::function<void(const Result<void>&)> departed) {
  departing_ = true;
  if (context_.registration.empty() || !context_.connection.is_up()) return departed({});
  context_.connection.send(
      Command::call(Script::kLease, {context_.keys.leases(), context_.keys.epoch()},
                    {context_.registration, std::to_string(grace.count()), "renew"}),
      [departed = std::move(departed)](const Result<Answer>& answer) {
        departed(answer ? Result<void>() : answer.error());
      });
}

void Registrar::leave(const std::vector<Member>& members) {
  for (std::vector<Member>& step : in_steps(members)) {
    const std::size_t count = step.size();
    changes_.add(
        count,
        [this, step = std::move(step)](const ChangeQueue::Done& done) { send_leaves(step, done); },
        [](const Error&) {});
  }
}

void Registrar::after_changes(const std::function<void()>& task) {
  changes_.add(
      0,
      [task](const ChangeQueue::Done& done) {
        task();
        done();
      },
      [task](const Error&) { task(); });
}

void Registrar::send_leaves(const std::vector<Member>& members, const ChangeQueue::Done& done) {
  const auto groups =
      group_by_room(members.size(), kMembersPerStep,
                    [&](std::size_t i) -> const RoomName& { return members[i].room; });
  auto left = std::make_shared<std::vector<std::string>>(
      std::vector<std::string>{"SREM", context_.keys.rooms_of(context_.registration)});
  for (const RoomGroup& group : groups) {
    std::vector<SessionId> sessions;
    for (const std::size_t i : group.indices) sessions.push_back(members[i].session);
    // The last answer comes last: a pipeline keeps the order.
    const bool last = &group == &groups.back();
    send_leave(context_, context_.registration, group.room, sessions,
               [this, room = group.room, last, left, done](bool out) {
                 // Only now: the reaper must find what a crash, or a refusal, leaves there.
                 if (out && !context_.membership.has(room)) left->push_back(room.str());
                 if (!last) return;
                 if (left->size() > 2) {
                   context_.connection.send(Command(std::move(*left)),
                                            [](const Result<Answer>&) {});
                 }
                 done();
               });
  }
}

}  // namespace stampede::redis
