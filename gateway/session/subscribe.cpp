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
  return options;
}

}  // namespace

void Session::on_subscribe(const FrameView& frame) {
  const std::optional<std::string_view> receipt = receipt_of(frame);
  const auto destination = frame.find("destination");
  if (!destination) {
    return fail("Missing destination", "SUBSCRIBE needs a destination header", receipt);
  }
  auto room = parse_topic_destination(*destination);
  if (!room) return fail(destination_error(room.error()), room.error().detail, receipt);
  if (!may(auth::Verb::kRead, *room)) return refuse(auth::Verb::kRead, *room, receipt);
  const auto id = frame.find("id");
  if (id.value_or("").empty() && version_ != Version::kV10) {
    return fail("Missing header", "SUBSCRIBE needs an id header that is not empty", receipt);
  }
  const auto options = subscription_options(frame, held_);
  if (!options) return fail("Invalid header", options.error().detail, receipt);
  const auto replay = parse_replay(frame, context_.limits.max_replay);
  if (!replay) return fail("Invalid header", replay.error().detail, receipt);
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

  FrameSink& sink = *this;
  auto subscription =
      std::make_unique<Subscription>(sink, version_, id ? key : std::string(),
                                     ++subscriptions_made_, *room, *options, replay->asked());
  Subscriber& subscriber = *subscription;
  subscriptions_.emplace(key, std::move(subscription));
  ++pending_subscriptions_;
  const auto now = std::chrono::duration_cast<Milliseconds>(context_.clock.wall()).count();
  context_.rooms.subscribe(
      Member{*room, id_, principal_.user, now}, subscriber,
      [this, alive = std::weak_ptr<void>(alive_), key,
       asked = kept_receipt_of(frame)](const Result<Started>& started) {
        if (!alive.expired()) on_live(key, asked, started);
      },
      *replay);
}

void Session::on_live(const std::string& key, std::optional<std::string_view> receipt,
                      const Result<Started>& started) {
  --pending_subscriptions_;
  const auto entry = subscriptions_.find(key);
  if (!started) {
    subscriptions_.erase(entry);
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
  const MessageRef told = replay_end_message(subscription.room(), end);
  if (subscription.individual()) return subscription.deliver_individually(told);
  subscription.deliver(message_frame(version_, subscription.id(), *told));
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
  context_.rooms.unsubscribe(entry->second->room(), id_, *entry->second);
  subscriptions_.erase(entry);
  return true;
}

/// STOMP 1.0 may name a subscription by its destination though it has an id.
bool Session::end_subscriptions_to(std::string_view destination) {
  const auto room = parse_topic_destination(destination);
  if (!room) return false;
  std::vector<std::string> keys;
  for (const auto& [key, subscription] : subscriptions_) {
    if (subscription->room() == *room) keys.push_back(key);
  }
  for (const std::string& key : keys) end_subscription(key);
  return !keys.empty();
}

}  // namespace stampede::gateway
