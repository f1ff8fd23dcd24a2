// Who the client is, from CONNECT to the end: the credentials of CONNECT, the token's expiry and
// its renewal, and what happens when rights are taken away.
#include <algorithm>
#include <ctime>
#include <utility>

#include "gateway/session/session.h"

namespace stampede::gateway {
namespace {

using auth::Credentials;
using auth::Principal;
using auth::Verb;
using stomp::FrameView;

/// STOMP header names are case-sensitive; this one comes from HTTP, where they are not.
std::string_view authorization_of(const FrameView& frame) {
  const auto header = frame.find("Authorization");
  return header ? *header : frame.find("authorization").value_or("");
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// "2026-11-21T11:38:00Z".
std::string utc(Seconds since_1970) {
  const std::time_t time = since_1970.count();
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

/// The peer without its port: penalties are for an address.
std::string address_of(std::string_view peer) {
  return std::string(peer.substr(0, peer.rfind(':')));
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kMostNamed = 10;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNamed); ++i) {
    if (i > 0) text += ", ";
    text += names[i];
  }
  if (names.size() > kMostNamed)
    text += " and " + std::to_string(names.size() - kMostNamed) + " more";
  return text;
}

}  // namespace

Credentials Session::credentials_of(const FrameView& frame) {
  Credentials credentials;
  credentials.login = frame.find("login").value_or("");
  credentials.passcode = frame.find("passcode").value_or("");
  credentials.authorization = authorization_of(frame);
  credentials.peer_address = address_of(transport_.peer());
  // What CONNECT itself says counts more than what the HTTP request said.
  std::string of_upgrade = std::exchange(upgrade_authorization_, {});
  if (credentials.authorization.empty() && credentials.passcode.empty()) {
    credentials.authorization = std::move(of_upgrade);
  }
  return credentials;
}

void Session::authenticate(Credentials credentials, auth::Admission::Decided decided) {
  deciding_ = true;
  context_.admission.authenticate(std::move(credentials), context_.executor,
                                  [this, alive = std::weak_ptr<void>(alive_),
                                   decided = std::move(decided)](Result<Principal> principal) {
                                    if (alive.expired()) return;
                                    deciding_ = false;
                                    decided(std::move(principal));
                                    if (shutting_down_ || input_ended_) return end_if_answered();
                                    process();
                                    read_on();
                                  });
}

void Session::on_refresh(const FrameView& frame) {
  const std::optional<std::string> receipt = kept_receipt_of(frame);
  if (frame.find("transaction")) {
    return fail("Bad transaction", "a SEND to /app/auth cannot be part of a transaction", receipt);
  }
  Credentials credentials;
  credentials.login = principal_.user.str();
  credentials.passcode = frame.find("passcode").value_or("");
  credentials.authorization = authorization_of(frame);
  credentials.peer_address = address_of(transport_.peer());
  if (credentials.authorization.empty() && credentials.passcode.empty()) {
    const std::string_view token = trimmed(frame.body);
    if (token.empty()) {
      return fail("Missing header",
                  "a SEND to /app/auth needs a new token: in an Authorization or passcode header, "
                  "or as its body",
                  receipt);
    }
    credentials.authorization = "Bearer " + std::string(token);
  }
  authenticate(std::move(credentials), [this, receipt](Result<Principal> principal) {
    on_refreshed(std::move(principal), receipt);
  });
}

void Session::on_refreshed(Result<Principal> principal, const std::optional<std::string>& receipt) {
  if (!principal) {
    return fail("Refresh refused", principal.error().detail, receipt, CloseReason::kLoginRefused);
  }
  if (principal->user != principal_.user) {
    return fail("Refresh refused",
                "the new token is for another user; a session stays with the user it began with",
                receipt, CloseReason::kLoginRefused);
  }
  context_.metrics.refreshes.add();
  adopt(*std::move(principal));
  if (state_ == State::kConnected && receipt) send(receipt_frame(version_, *receipt));
}

void Session::on_review() {
  auto principal = context_.admission.check(principal_);
  if (!principal) {
    return fail("Session revoked", principal.error().detail, std::nullopt, CloseReason::kRevoked);
  }
  if (principal->rights != principal_.rights) adopt(*std::move(principal));
}

void Session::adopt(Principal principal) {
  principal_ = std::move(principal);
  watch_expiry();
  std::vector<std::string> lost;
  for (const auto& [key, subscription] : subscriptions_) {
    const auto* const room = std::get_if<RoomName>(&subscription->destination());
    if (room == nullptr) continue;  // a queue of its own is everyone's to read
    if (!may(Verb::kRead, *room)) {
      lost.push_back("subscription '" + key + "' (read " + room->str() + ")");
    } else if (subscription->watches_presence() && !may(Verb::kPresence, *room)) {
      lost.push_back("subscription '" + key + "' (presence " + room->str() + ")");
    }
  }
  for (const auto& [name, transaction] : transactions_) {
    for (const auto& step : transaction.steps) {
      const auto* const held = std::get_if<HeldSend>(&step);
      if (held == nullptr || may_send(*held->message)) continue;
      const Message& message = *held->message;
      const bool direct = message.kind == MessageKind::kDirect;
      lost.push_back("transaction '" + name +
                     (direct ? "' (direct " + message.recipient.str() + ")"
                             : "' (send " + message.room.str() + ")"));
      break;
    }
  }
  if (lost.empty()) return;
  fail("access_refused",
       "the rights of user '" + principal_.user.str() +
           "' have changed and no longer allow: " + listed(lost),
       std::nullopt, CloseReason::kAccessRefused);
}

bool Session::may(Verb verb, const RoomName& room) const noexcept {
  return principal_.rights->allow(room, verb);
}

bool Session::may_send(const Message& message) const noexcept {
  if (message.kind == MessageKind::kDirect) {
    return principal_.rights->allow_direct(message.recipient);
  }
  return may(Verb::kSend, message.room);
}

void Session::refuse(Verb verb, const RoomName& room, std::optional<std::string_view> receipt) {
  refuse(verb, " in room '" + room.str() + "'", receipt);
}

void Session::refuse(Verb verb, const std::string& where, std::optional<std::string_view> receipt) {
  context_.metrics.access_refused(verb).add();
  fail("access_refused",
       "user '" + principal_.user.str() + "' has no right to " + std::string(to_string(verb)) +
           where,
       receipt, CloseReason::kAccessRefused);
}

void Session::watch_expiry() {
  if (!principal_.expires_at) return expiry_timer_.reset();
  if (!expiry_timer_) {
    expiry_timer_ = std::make_unique<TimerWheel::Timer>(context_.wheel, [this] { on_expiry(); });
  }
  const auto left = *principal_.expires_at + context_.limits.token_grace - context_.clock.wall();
  expiry_timer_->arm(std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(left)));
}

void Session::on_expiry() {
  // The wall clock may have been set meanwhile, and only it counts.
  if (context_.clock.wall() < *principal_.expires_at + context_.limits.token_grace) {
    return watch_expiry();
  }
  const auto expired = std::chrono::duration_cast<Seconds>(*principal_.expires_at);
  const auto grace = std::chrono::duration_cast<Seconds>(context_.limits.token_grace);
  fail("Token expired",
       "the token expired at " + utc(expired) + " and no new one came within " +
           std::to_string(grace.count()) +
           " s; connect with a new one, or SEND it to /app/auth in time",
       std::nullopt, CloseReason::kTokenExpired);
}

}  // namespace stampede::gateway
