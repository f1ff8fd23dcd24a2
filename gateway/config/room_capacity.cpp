#include "gateway/config/room_capacity.h"

#include <charconv>
#include <utility>

namespace stampede::gateway {
namespace {

constexpr std::size_t kMostUsers = 10'000'000;
constexpr std::size_t kMostRules = 256;

Error bad(std::string text) { return {Errc::kInvalidArgument, std::move(text)}; }

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

Result<std::size_t> parse_users(std::string_view text) {
  std::size_t users = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), users);
  if (ec != std::errc() || end != text.data() + text.size() || users == 0 || users > kMostUsers) {
    return bad("the number of users is 1 to " + std::to_string(kMostUsers));
  }
  return users;
}

}  // namespace

Result<RoomCapacities> RoomCapacities::parse(std::string_view text) {
  RoomCapacities out;
  while (true) {
    const std::size_t end = text.find(';');
    const std::string_view rule = text.substr(0, end);
    const std::string where = "entry " + std::to_string(out.rules_.size() + 1) + ": ";
    const std::size_t equals = rule.find('=');
    if (equals == std::string_view::npos) {
      return bad(where + "it is <rooms>=<number of users>, like quiz.*=100");
    }
    auto rooms = RoomPattern::parse(trimmed(rule.substr(0, equals)));
    if (!rooms) return bad(where + rooms.error().detail);
    const auto users = parse_users(trimmed(rule.substr(equals + 1)));
    if (!users) return bad(where + users.error().detail);
    if (out.rules_.size() == kMostRules) {
      return bad("there are at most " + std::to_string(kMostRules) + " entries");
    }
    out.rules_.push_back({*std::move(rooms), *users});
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::size_t RoomCapacities::of(const RoomName& room) const noexcept {
  for (const Rule& rule : rules_) {
    if (rule.rooms.matches(room.str())) return rule.users;
  }
  return 0;
}

std::string RoomCapacities::str() const {
  std::string out;
  for (const Rule& rule : rules_) {
    out.append(out.empty() ? "" : ";").append(rule.rooms.str());
    out.append("=").append(std::to_string(rule.users));
  }
  return out;
}

config::Value capacities_value(RoomCapacities& into) {
  config::Value value;
  value.unit = "ROOMS=N;...";
  value.parse = [&into](std::string_view text) -> Result<void> {
    auto parsed = RoomCapacities::parse(text);
    if (!parsed) return parsed.error();
    into = *std::move(parsed);
    return {};
  };
  value.show = [&into] { return into.str(); };
  return value;
}

}  // namespace stampede::gateway
