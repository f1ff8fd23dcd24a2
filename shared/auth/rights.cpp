#include "shared/auth/rights.h"

#include <algorithm>
#include <array>
#include <utility>

namespace stampede::auth {
namespace {

constexpr std::array<std::pair<std::string_view, Verb>, 4> kVerbs{{{"read", Verb::kRead},
                                                                   {"send", Verb::kSend},
                                                                   {"presence", Verb::kPresence},
                                                                   {"direct", Verb::kDirect}}};

Error bad(std::string text) { return {Errc::kInvalidArgument, std::move(text)}; }

std::uint8_t bit(Verb verb) noexcept { return static_cast<std::uint8_t>(verb); }

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The part of `text` before the first `separator`, which is taken off it with the separator.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trimmed(part);
}

Result<std::uint8_t> parse_verbs(std::string_view text) {
  std::uint8_t verbs = 0;
  do {
    const auto verb = parse_verb(take(text, ','));
    if (!verb) return verb.error();
    verbs = static_cast<std::uint8_t>(verbs | bit(*verb));
  } while (!text.empty());
  return verbs;
}

/// For an error's text, which may stand in a log or on a client's screen.
std::string shown(std::string_view rule, std::size_t number) {
  const bool plain =
      std::all_of(rule.begin(), rule.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!plain || rule.size() > 80) return "rule " + std::to_string(number);
  return "rule \"" + std::string(rule) + "\"";
}

Result<void> add_rule(Rights& rights, std::string_view rule) {
  const std::size_t equals = rule.find('=');
  if (equals == std::string_view::npos) {
    return bad("a rule is <rooms>=<verbs>, like lecture.*=read,send");
  }
  auto match = RoomPattern::parse(trimmed(rule.substr(0, equals)));
  if (!match) return match.error();
  const auto verbs = parse_verbs(rule.substr(equals + 1));
  if (!verbs) return verbs.error();
  return rights.add(*std::move(match), *verbs);
}

}  // namespace

std::string_view to_string(Verb verb) noexcept {
  for (const auto& [name, known] : kVerbs) {
    if (known == verb) return name;
  }
  return {};
}

Result<Verb> parse_verb(std::string_view text) {
  for (const auto& [name, verb] : kVerbs) {
    if (name == text) return verb;
  }
  return bad("a verb is read, send, presence or direct");
}

Rights Rights::everything() { return *parse_rights("*=read,send,presence,direct"); }

Result<void> Rights::add(RoomPattern match, std::uint8_t verbs) {
  if (verbs == 0) return {};
  if (rules_.size() == kMaxRules) {
    return Error(Errc::kTooLarge,
                 "there are more than " + std::to_string(kMaxRules) + " rules of rights");
  }
  rules_.push_back({std::move(match), verbs});
  return {};
}

bool Rights::allow(std::string_view name, Verb verb) const noexcept {
  return std::any_of(rules_.begin(), rules_.end(), [&](const Rule& rule) {
    return (rule.verbs & bit(verb)) != 0 && rule.match.matches(name);
  });
}

std::string Rights::str() const {
  if (rules_.empty()) return "none";
  std::string out;
  for (const Rule& rule : rules_) {
    out.append(out.empty() ? "" : ";").append(rule.match.str());
    char before = '=';
    for (const auto& [name, verb] : kVerbs) {
      if ((rule.verbs & bit(verb)) == 0) continue;
      out.append(1, std::exchange(before, ',')).append(name);
    }
  }
  return out;
}

Result<Rights> parse_rights(std::string_view text) {
  Rights rights;
  if (trimmed(text) == "none") return rights;
  std::size_t number = 0;
  do {
    const std::string_view rule = take(text, ';');
    if (auto added = add_rule(rights, rule); !added) {
      return Error(added.error().code, shown(rule, ++number) + ": " + added.error().detail);
    }
    ++number;
  } while (!text.empty());
  return rights;
}

}  // namespace stampede::auth
