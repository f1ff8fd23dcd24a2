// SUBSCRIBE, what tells the client that it is live, and UNSUBSCRIBE.
#include <charconv>

#include "gateway/session/replay_headers.h"
#include "gateway/session/session.h"

namespace stampede::gateway {
namespace {

using stomp::FrameView;
using stomp::Version;

Result<Subscription::Options> subscription_options(const FrameView& frame, HeldBytes& held) {
  Subscription::Options options;
  options.held = &held;
  const std::string_view ack = frame.find("ack").value_or("auto");
  const auto mode = parse_ack_mode(ack);
  if (!mode) {
    return Error(Errc::kInvalidArgument, "ack is '" + std::string(ack.substr(0, 64)) +
                                             "'; allowed: auto, client, client-individual");
  }
  options.ack = *mode;
  if (const auto prefetch = frame.find("prefetch-count")) {
    const char* const end = prefetch->data() + prefetch->size();
    const auto parsed = std::from_chars(prefetch->data(), end, options.prefetch);
    if (parsed.ec != std::errc() || parsed.ptr != end) {
      return Error(Errc::kInvalidArgument,
                   "prefetch-count is a whole number of messages, 0 for no bound");
    }
  }
  const std::string_view presence = frame.find("presence").value_or("false");
  if (presence != "true" && presence != "false") {
    return Error(Errc::kInvalidArgument,
                 "presence is '" + std::string(presence.substr(0, 64)) + "'; allowed: true, false");
  }
  options.presence = presence == "true";
  return options;
}

}  // namespace

void Session::on_subscribe(const FrameView& frame) {
  const std::optional<std::string_view> receipt = receipt_of(frame);
  const auto destination = frame.find("destination");
  if (!destination) {
    return fail("Missing destination", "SUBSCRIBE needs a destination header", receipt);
  }
  const auto to = parse_subscribe_destination(*destination, principal_.user);
  if (!to) return fail(destination_error(to.error()), to.error().detail, receipt);
  const auto* const room = std::get_if<RoomName>(&*to);
  if (room != nullptr && !may(auth::Verb::kRead, *room)) {
    return refuse(auth::Verb::kRead, *room, receipt);
  }
  const auto id = frame.find("id");
  if (id.value_or("").empty() && version_ != Version::kV10) {
    return fail("Missing header", "SUBSCRIBE needs an id header that is not empty", receipt);
  }
  const auto options = subscription_options(frame, held_);
  if (!options) return fail("Invalid header", options.error().detail, receipt);
  if (room == nullptr && options->presence) {
    return fail("Invalid header", "a user's queue has no members; presence is for rooms", receipt);
  }
  if (options->presence && !may(auth::Verb::kPresence, *room)) {
    return refuse(auth::Verb::kPresence, *room, receipt);
  }
  const auto replay = parse_replay(frame, context_.limits.max_replay);
  if (!replay) return fail("Invalid header", replay.error().detail, receipt);
  if (room == nullptr && replay->asked()) {
    return fail("Invalid header", "a user's queue keeps nothing; since and history are for rooms",
                receipt);
  }
  // STOMP 1.0 may leave the id out; the destination names the subscription then.
  const std::string key(id ? *id : *destination);
  if (subscriptions_.contains(key)) {
    return fail("Duplicated subscription identifier",
                "'" + key + "' is in use by this session; UNSUBSCRIBE it first", receipt);
  }
  if (subscriptions_.size() >= context_.limits.max_subscriptions) {
    context_.metrics.limits.hit(Limit::kSubscriptions);
    return fail("Too many subscriptions",
                "a session may hold " + std::to_string(context_.limits.max_subscriptions), receipt);
  }

  SubscriptionOwner& owner = *this;
  auto made = std::make_unique<Subscription>(owner, transport_, version_, id ? key : std::string(),
                                             ++subscriptions_made_, *to, *options, replay->asked());
  Subscription& subscription = *made;
  subscriptions_.emplace(key, std::move(made));
  ++pending_subscriptions_;
  if (room != nullptr) return subscribe_room(key, subscription, *replay, kept_receipt_of(frame));
  subscribe_queue(key, subscription, kept_receipt_of(frame));
}

void Session::subscribe_room(const std::string& key, Subscription& subscription,
                             const Replay& replay, std::optional<std::string> receipt) {
  const auto now = std::chrono::duration_cast<Milliseconds>(context_.clock.wall()).count();
  context_.rooms.subscribe(
      Member{std::get<RoomName>(subscription.destination()), id_, principal_.user, now},
      subscription,
      [this, alive = std::weak_ptr<void>(alive_), key,
       asked = std::move(receipt)](const Result<Started>& started) {
        if (!alive.expired()) on_live(key, asked, started);
      },
      replay);
}

void Session::subscribe_queue(const std::string& key, Subscription& subscription,
                              std::optional<std::string> receipt) {
  context_.queues.subscribe({std::get<UserQueue>(subscription.destination()), id_}, subscription,
                            [this, alive = std::weak_ptr<void>(alive_), key,
                             asked = std::move(receipt)](const Result<void>& result) {
                              if (!alive.expired()) on_queue_live(key, asked, result);
                            });
}

void Session::on_queue_live(const std::string& key, std::optional<std::string_view> receipt,
                            const Result<void>& result) {
  --pending_subscriptions_;
  if (!result) {
    end_subscription(key);
    return fail("Subscription failed", result.error().detail, receipt, CloseReason::kOverloaded);
  }
  if (receipt) send(receipt_frame(version_, *receipt));
  advance();
}

void Session::on_live(const std::string& key, std::optional<std::string_view> receipt,
                      const Result<Started>& started) {
  --pending_subscriptions_;
  const auto entry = subscriptions_.find(key);
  if (!started) {
    subscriptions_.erase(entry);
    if (started.error().is(Errc::kTooLarge)) {
      context_.metrics.limits.hit(Limit::kRoomCapacity);
      return fail("Room full", started.error().detail, receipt, CloseReason::kRoomFull);
    }
    return fail("Subscription failed", started.error().detail, receipt, CloseReason::kOverloaded);
  }
  if (entry->second->replays()) {
    end_replay(*entry->second, receipt, *started);
  } else if (receipt) {
    send(receipt_frame(version_, *receipt, started->position));
  }
  advance();
}

void Session::end_replay(Subscription& subscription, std::optional<std::string_view> receipt,
                         const Started& started) {
  const ReplayEnd end{started.position, started.recovered, if_known(started.oldest)};
  if (receipt) return send(replay_receipt_frame(version_, *receipt, end));
  subscription.give(replay_end_message(std::get<RoomName>(subscription.destination()), end));
}

void Session::on_unsubscribe(const FrameView& frame) {
  const auto id = frame.find("id");
  const auto destination = frame.find("destination");
  if (!id && (version_ != Version::kV10 || !destination)) {
    return fail("Missing header",
                version_ == Version::kV10 ? "UNSUBSCRIBE needs an id or a destination header"
                                          : "UNSUBSCRIBE needs an id header",
                receipt_of(frame));
  }
  const std::string key(id ? *id : *destination);
  if (!end_subscription(key) && (id || !end_subscriptions_to(*destination))) {
    return fail("No subscription found", "this session has no subscription '" + key + "'",
                receipt_of(frame));
  }
  acknowledge(frame);
}

bool Session::end_subscription(const std::string& key) {
  const auto entry = subscriptions_.find(key);
  if (entry == subscriptions_.end()) return false;
  leave(*entry->second, RoomRegistry::Leaving::kAtOnce);
  subscriptions_.erase(entry);
  return true;
}

void Session::leave(Subscription& subscription, RoomRegistry::Leaving how) {
  if (const auto* const queue = std::get_if<UserQueue>(&subscription.destination())) {
    context_.queues.unsubscribe({*queue, id_}, subscription);
  } else {
    context_.rooms.unsubscribe(std::get<RoomName>(subscription.destination()), id_, subscription,
                               how);
  }
}

/// STOMP 1.0 may name a subscription by its destination though it has an id.
bool Session::end_subscriptions_to(std::string_view destination) {
  const auto named = parse_subscribe_destination(destination, principal_.user);
  if (!named) return false;
  std::vector<std::string> keys;
  for (const auto& [key, subscription] : subscriptions_) {
    if (subscription->destination() == *named) keys.push_back(key);
  }
  for (const std::string& key : keys) end_subscription(key);
  return !keys.empty();
}

}  // namespace stampede::gateway
