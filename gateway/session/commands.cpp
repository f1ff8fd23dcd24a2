// What each client command does. Error texts are those that clients of other brokers know; the body
// says what was wrong and what is allowed.
#include <algorithm>
#include <charconv>

#include "gateway/session/replay_headers.h"
#include "gateway/session/session.h"

namespace stampede::gateway {
namespace {

using stomp::FrameView;
using stomp::Version;

/// Where a client sends a new token before the old one expires.
constexpr std::string_view kAuthDestination = "/app/auth";
constexpr std::string_view kSupportedVersions = "Supported versions are 1.0,1.1,1.2";

/// The highest version that both sides know (STOMP 1.1, "Protocol Negotiation"); without the header
/// the client speaks 1.0.
std::optional<Version> negotiate(std::optional<std::string_view> accepted) {
  if (!accepted) return Version::kV10;
  std::optional<Version> best;
  std::string_view left = *accepted;
  while (!left.empty()) {
    const std::size_t comma = left.find(',');
    std::string_view one = left.substr(0, comma);
    left.remove_prefix(comma == std::string_view::npos ? left.size() : comma + 1);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    for (const Version version : {Version::kV10, Version::kV11, Version::kV12}) {
      if (one == to_string(version) && (!best || version > *best)) best = version;
    }
  }
  return best;
}

std::optional<Milliseconds> parse_milliseconds(std::string_view text) {
  // The specifications name no largest interval; a year is as good as any longer one, and small
  // enough to be doubled.
  constexpr long long kMax = 365LL * 86'400'000;
  long long value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.starts_with('-')) return std::nullopt;
  if (ec == std::errc::result_out_of_range) return Milliseconds(kMax);
  if (ec != std::errc()) return std::nullopt;
  return Milliseconds(std::min(value, kMax));
}

/// "<can send>,<wants>", both in milliseconds; without the header 0,0.
std::optional<HeartBeat> parse_heart_beat(std::optional<std::string_view> header) {
  if (!header) return HeartBeat{};
  const std::size_t comma = header->find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const auto send = parse_milliseconds(header->substr(0, comma));
  const auto receive = parse_milliseconds(header->substr(comma + 1));
  if (!send || !receive) return std::nullopt;
  return HeartBeat{*send, *receive};
}

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

/// Why the SEND's `message-key` cannot be one.
std::optional<std::string> message_key_problem(const FrameView& frame) {
  const auto key = frame.find("message-key");
  if (!key || (!key->empty() && key->size() <= kMaxMessageKeyBytes)) return std::nullopt;
  return "message-key has " + std::to_string(key->size()) + " bytes; allowed: 1 to " +
         std::to_string(kMaxMessageKeyBytes);
}

/// What a client decides the size of.
std::size_t bytes_of(const Message& message) {
  std::size_t bytes = message.body.size() + message.content_type.size() + message.key.size();
  for (const MessageHeader& header : message.headers) {
    bytes += header.name.size() + header.value.size();
  }
  return bytes;
}

std::string_view destination_error(const Error& error) {
  return error.is(Errc::kNotFound) ? "Unknown destination" : "Invalid destination";
}

}  // namespace

void Session::on_connect(const FrameView& frame) {
  const auto version = negotiate(frame.find("accept-version"));
  if (!version) return fail("Version mismatch", kSupportedVersions);
  const auto heart_beat = parse_heart_beat(frame.find("heart-beat"));
  if (!heart_beat) {
    return fail("Invalid header",
                "heart-beat is two whole numbers of milliseconds, such as 10000,10000");
  }
  if (!serves_host(frame)) return;
  version_ = *version;
  decoder_.set_version(version_);
  silence_timer_.arm(context_.limits.login_timeout);
  authenticate(credentials_of(frame),
               [this, client = *heart_beat](Result<auth::Principal> principal) {
                 on_admitted(std::move(principal), client);
               });
}

void Session::on_admitted(Result<auth::Principal> principal, HeartBeat client) {
  if (!principal) {
    return fail("Bad CONNECT", principal.error().detail, std::nullopt, CloseReason::kLoginRefused);
  }
  principal_ = *std::move(principal);
  decoder_.set_limits(context_.limits.decoder);
  held_.max = context_.limits.max_unacknowledged_bytes;
  state_ = State::kConnected;
  context_.roster.enter(*this);
  context_.metrics.sessions.add(1);
  context_.metrics.connects(version_).add();
  const Milliseconds ours = context_.limits.heart_beat;
  send(connected_frame(version_, id_.str(), principal_.user.str(), HeartBeat{ours, ours}));
  start_heart_beats(client);
  watch_expiry();
}

bool Session::serves_host(const FrameView& connect) {
  const std::vector<std::string>& hosts = context_.limits.virtual_hosts;
  const auto host = connect.find("host");
  if (hosts.empty() || !host) return true;
  std::string wanted(host->substr(0, 256));
  std::transform(wanted.begin(), wanted.end(), wanted.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (std::find(hosts.begin(), hosts.end(), wanted) != hosts.end()) return true;
  std::string allowed;
  for (const std::string& one : hosts) allowed += (allowed.empty() ? "" : ", ") + one;
  fail("Bad CONNECT", "host '" + wanted + "' is not served here; allowed: " + allowed);
  return false;
}

void Session::on_send(const FrameView& frame) {
  const auto destination = frame.find("destination");
  if (!destination) {
    return fail("Missing destination", "SEND needs a destination header", receipt_of(frame));
  }
  if (*destination == kAuthDestination) return on_refresh(frame);
  auto room = parse_topic_destination(*destination);
  if (!room) return fail(destination_error(room.error()), room.error().detail, receipt_of(frame));
  if (!may(auth::Verb::kSend, *room)) return refuse(auth::Verb::kSend, *room, receipt_of(frame));
  if (const auto problem = message_key_problem(frame)) {
    return fail("Invalid header", *problem, receipt_of(frame));
  }
  HeldSend send{make_message(frame, *std::move(room)), kept_receipt_of(frame)};
  if (frame.find("transaction")) return hold(frame, std::move(send));
  publish_alone(std::move(send));
}

MessageRef Session::make_message(const FrameView& frame, RoomName room) const {
  auto message = std::make_shared<Message>();
  message->id = new_message_id();
  message->room = std::move(room);
  message->sender = principal_.user;
  message->origin = context_.gateway;
  message->timestamp_ms = std::chrono::duration_cast<Milliseconds>(context_.clock.wall()).count();
  message->key = frame.find("message-key").value_or("");
  message->content_type = frame.find("content-type").value_or("");
  for (const auto& [name, value] : frame.headers) {
    if (!is_reserved_send_header(name)) {
      message->headers.push_back({std::string(name), std::string(value)});
    }
  }
  message->body = frame.body;
  return message;
}

void Session::publish(MessageRef message, std::function<void(const Result<Seq>&)> done) {
  const std::size_t bytes = bytes_of(*message);
  ++in_flight_;
  in_flight_bytes_ += bytes;
  context_.publisher.publish(std::move(message),
                             [this, alive = std::weak_ptr<void>(alive_), bytes,
                              done = std::move(done)](const Result<Seq>& position) {
                               if (alive.expired()) return;
                               --in_flight_;
                               in_flight_bytes_ -= bytes;
                               done(position);
                               advance();
                             });
}

void Session::publish_alone(HeldSend send) {
  publish(std::move(send.message),
          [this, receipt = std::move(send.receipt)](const Result<Seq>& position) {
            if (!position) return fail_unstored(position.error(), receipt);
            if (receipt) this->send(receipt_frame(version_, *receipt, if_known(*position)));
          });
}

void Session::fail_unstored(const Error& error, std::optional<std::string_view> receipt) {
  fail("Message not stored", error.detail, receipt, CloseReason::kOverloaded);
}

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

void Session::on_disconnect(const FrameView& frame) {
  acknowledge(frame);
  transport_.close(CloseReason::kClientLeft);
  leave_all();
}

}  // namespace stampede::gateway
