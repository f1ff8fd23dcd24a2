#include "tests/fuzz/session_world.h"

#include <algorithm>
#include <charconv>

#include "tests/fuzz/finding.h"
#include "tests/fuzz/notation.h"

namespace stampede::fuzz {
namespace {

/// Below the time that a directory remembers a room without members, and short enough to be fast.
constexpr Milliseconds kLongestScript{400'000};

/// So small that short inputs reach every one.
gateway::SessionLimits small_limits() {
  gateway::SessionLimits limits;
  limits.decoder = {512, 16, 1024};
  limits.max_unacknowledged_bytes = 32;
  limits.max_transactions = 2;
  limits.max_transaction_frames = 4;
  limits.max_transaction_bytes = 512;
  limits.max_subscriptions = 3;
  limits.max_in_flight = 4;
  limits.max_in_flight_bytes = 128;
  return limits;
}

std::size_t number(std::string_view text) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

const Error& refusal() {
  static const Error error(Errc::kUnavailable, "the broker is away");
  return error;
}

}  // namespace

SessionWorld::SessionWorld(Metrics& metrics)
    : dispatcher_(executor_, clock_, bus_, fanout_, GatewayId("gw"), {}, metrics),
      backlog_(executor_, clock_, {}, directory_, nullptr, metrics),
      registry_(executor_, clock_, {}, directory_, here_, backlog_, dispatcher_, fanout_, metrics),
      queues_(executor_, user_directory_, metrics),
      ports_{executor_,       clock_,  wheel_,     directory_, bus_,    fanout_,       registry_,
             user_directory_, queues_, admission_, roster_,    metrics, small_limits()},
      time_left_(kLongestScript) {
  bus_.bind_at_once = false;
  dispatcher_.start();
  fanout_.attach_addressed(
      registry_.shard(), [this](const std::vector<MessageRef>& batch) { queues_.deliver(batch); });
}

SessionClient& SessionWorld::client() {
  auto& client = clients_[current_];
  if (!client) client = std::make_unique<SessionClient>(ports_, bound_rooms_, current_);
  return *client;
}

void SessionWorld::play(std::string_view line) {
  const std::string_view verb = take_word(line);
  if (verb == "as") current_ = number(line) % kClients;
  if (verb == "pass") pass(Milliseconds(std::min<std::size_t>(number(line), 400'000)));
  if (verb == "confirm") client().confirm(number(line), {});
  if (verb == "refuse") client().confirm(number(line), refusal());
  if (verb == "bind") answer_bind(number(line), {});
  if (verb == "refuse-bind") answer_bind(number(line), refusal());
  if (verb == "remote") sequence_elsewhere(take_word(line), line);
  if (verb == "arrive") arrive(number(line));
  if (verb == "direct") {
    const std::string_view user = take_word(line);
    arrive_direct(user, take_word(line), line);
  }
  if (verb == "directory") set_directory(line);
  if (verb == "logins") set_logins(line);
  if (verb == "revoke") return revoke(line);
  if (verb == "close") client().hang_up();
  if (verb == "overflow") client().overflow();
  if (verb == "shutdown") client().shut_down();
  run();
}

void SessionWorld::receive(std::vector<std::string> pieces) {
  client().receive(std::move(pieces));
  run();
}

/// Everything posted, and what the clients send meanwhile; then what came of it is judged.
void SessionWorld::run() {
  for (bool busy = true; busy;) {
    executor_.run();
    busy = false;
    for (const auto& client : clients_) {
      if (client) busy = client->go_on() || busy;
    }
  }
  for (const auto& client : clients_) {
    if (client) client->judge();
  }
}

void SessionWorld::pass(Milliseconds time) {
  time = std::min(time, time_left_);
  time_left_ -= time;
  const Milliseconds step = wheel_.tick();
  for (Milliseconds done{0}; done < time; done += step) {
    clock_.advance(step);
    executor_.advance(step);
    wheel_.advance();
    run();
  }
}

void SessionWorld::answer_bind(std::size_t which, const Result<void>& result) {
  if (which >= bus_.binds.size()) return;
  const auto bind = std::move(bus_.binds[which]);
  bus_.binds.erase(bus_.binds.begin() + static_cast<std::ptrdiff_t>(which));
  if (result) {
    for (const BindingKey& key : bind.keys) bound_rooms_.insert(key.room);
  }
  bind.bound(result);
}

/// A message that another gateway's client sends: it has its place in the room, and will come.
void SessionWorld::sequence_elsewhere(std::string_view room, std::string_view body) {
  auto name = parse_room_name(room);
  if (!name) return;
  auto message = std::make_shared<Message>();
  message->id = new_message_id();
  message->room = *std::move(name);
  message->sender = UserId("somebody");
  message->origin = GatewayId("elsewhere");
  message->body = body;
  elsewhere_.sequence({{message, kNoSeq}},
                      {executor_, [this, message](const std::vector<Result<Sequenced>>& places) {
                         remote_.push_back(with_position(*message, places.at(0)->position));
                       }});
}

void SessionWorld::arrive(std::size_t which) {
  if (which >= remote_.size()) return;
  const MessageRef message = remote_[which];
  remote_.erase(remote_.begin() + static_cast<std::ptrdiff_t>(which));
  bus_.arrive({message});
}

void SessionWorld::arrive_direct(std::string_view user, std::string_view queue,
                                 std::string_view body) {
  auto recipient = parse_user_id(user);
  auto name = parse_room_name(queue);
  if (!recipient || !name) return;
  auto message = std::make_shared<Message>();
  message->id = new_message_id();
  message->kind = MessageKind::kDirect;
  message->recipient = *std::move(recipient);
  message->room = *std::move(name);
  message->sender = UserId("somebody");
  message->origin = GatewayId("elsewhere");
  message->body = body;
  bus_.arrive({message});
}

void SessionWorld::set_directory(std::string_view mode) {
  using Mode = SwitchedDirectory::Mode;
  directory_.set(mode == "away" ? Mode::kAway : mode == "slow" ? Mode::kSlow : Mode::kHere);
}

void SessionWorld::set_logins(std::string_view mode) {
  authenticator_.answer_at_once = mode != "slow";
  if (authenticator_.answer_at_once) authenticator_.answer_all();
}

void SessionWorld::revoke(std::string_view user) {
  if (user.empty()) return;  // that nobody is called, and so is whoever has not connected
  const auto now = std::chrono::duration_cast<Milliseconds>(clock_.wall()).count();
  admission_.revoke({{UserId(std::string(user)), "", now}});
  roster_.review_all();
  run();
  for (const auto& client : clients_) {
    if (client) client->judge_revoked(user);
  }
}

/// Returns whether there was anything to answer.
bool SessionWorld::answer_all() {
  bool any = !authenticator_.open.empty();
  authenticator_.answer_all();
  for (; !bus_.binds.empty(); any = true) answer_bind(0, {});
  for (const auto& client : clients_) {
    for (; client && client->unconfirmed() > 0; any = true) client->confirm(0, {});
  }
  run();
  return any;
}

void SessionWorld::end() {
  set_directory("here");
  run();
  while (answer_all()) continue;
  for (const auto& client : clients_) {
    if (client) client->judge_end();
  }
  // Late answers must not find a session that is gone.
  for (const auto& client : clients_) {
    if (client) client->hang_up();
  }
  run();
}

}  // namespace stampede::fuzz
