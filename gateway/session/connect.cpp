// How a session begins and ends: CONNECT and DISCONNECT. Who the client is login.cpp finds out.
#include <algorithm>
#include <charconv>

#include "gateway/session/session.h"

namespace stampede::gateway {
namespace {

using stomp::FrameView;
using stomp::Version;

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

void Session::on_disconnect(const FrameView& frame) {
  acknowledge(frame);
  transport_.close(CloseReason::kClientLeft);
  leave_all(RoomRegistry::Leaving::kAtOnce);
}

}  // namespace stampede::gateway
