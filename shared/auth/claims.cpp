#include "shared/auth/claims.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "shared/auth/json.h"
#include "shared/ports/revocations.h"

namespace stampede::auth {
namespace {

using rapidjson::SizeType;
using rapidjson::Value;
using Time = std::optional<Microseconds>;

Error bad(std::string text) { return {Errc::kInvalidArgument, "token: " + std::move(text)}; }
Error denied(std::string text) { return {Errc::kDenied, "token: " + std::move(text)}; }

/// A NumericDate: seconds since 1970, perhaps with a fraction.
Result<Time> time_claim(const Value& claims, const char* name) {
  constexpr double kYear9999 = 253'402'300'800;
  const Value* const value = find_member(claims, name);
  if (value == nullptr) return Time();
  if (!value->IsNumber() || value->GetDouble() < 0) {
    return bad(std::string(name) + " is not a number of seconds since 1970");
  }
  const double seconds = std::min(value->GetDouble(), kYear9999);
  return Time(std::chrono::duration_cast<Microseconds>(std::chrono::duration<double>(seconds)));
}

Result<void> check_times(const Value& claims, const ClaimRules& rules, Microseconds now,
                         Principal& into) {
  const auto expires = time_claim(claims, "exp");
  const auto not_before = time_claim(claims, "nbf");
  const auto issued = time_claim(claims, "iat");
  for (const auto* claim : {&expires, &not_before, &issued}) {
    if (!*claim) return claim->error();
  }
  if (!*expires) return bad("exp is missing; a token must end");
  if (now >= **expires + rules.leeway) return denied("it has expired (exp)");
  if (*not_before && now < **not_before - rules.leeway) return denied("it is not valid yet (nbf)");
  if (*issued && now < **issued - rules.leeway) return denied("it is from the future (iat)");
  into.expires_at = *expires;
  into.issued_at = *issued;
  return {};
}

Result<void> check_issuer(const Value& claims, const ClaimRules& rules) {
  if (rules.issuer.empty()) return {};
  const Value* const issuer = find_member(claims, "iss");
  if (issuer == nullptr) return denied("iss is missing");
  if (!issuer->IsString() || text_of(*issuer) != rules.issuer) {
    return denied("it is from another issuer (iss)");
  }
  return {};
}

/// `aud` is a string, or an array of strings.
Result<void> check_audience(const Value& claims, const ClaimRules& rules) {
  if (rules.audience.empty()) return {};
  const Value* const audience = find_member(claims, "aud");
  if (audience == nullptr) return denied("aud is missing");
  const auto is_ours = [&](const Value& one) {
    return one.IsString() && text_of(one) == rules.audience;
  };
  const bool ours = audience->IsArray() ? std::any_of(audience->Begin(), audience->End(), is_ours)
                                        : is_ours(*audience);
  if (!ours) return denied("it is for another audience (aud)");
  return {};
}

Result<void> read_names(const Value& claims, Principal& into) {
  const Value* const subject = find_member(claims, "sub");
  if (subject == nullptr || !subject->IsString()) return bad("sub is missing or not a string");
  auto user = parse_user_id(text_of(*subject));
  if (!user) return bad("sub: " + user.error().detail);
  into.user = *std::move(user);
  const Value* const id = find_member(claims, "jti");
  if (id == nullptr) return {};
  if (!id->IsString() || text_of(*id).size() > kMaxTokenIdBytes) {
    return bad("jti is not a string of at most " + std::to_string(kMaxTokenIdBytes) + " bytes");
  }
  into.token_id = text_of(*id);
  return {};
}

Result<std::uint8_t> read_verbs(const Value& rule) {
  const Value* const can = find_member(rule, "can");
  if (can == nullptr || !can->IsArray()) return Error(Errc::kInvalidArgument, "can is no array");
  std::uint8_t verbs = 0;
  for (const Value& one : can->GetArray()) {
    const auto verb = parse_verb(one.IsString() ? text_of(one) : std::string_view());
    if (!verb) return Error(Errc::kInvalidArgument, "can: " + verb.error().detail);
    verbs = static_cast<std::uint8_t>(verbs | static_cast<std::uint8_t>(*verb));
  }
  return verbs;
}

Result<void> read_rule(const Value& rule, Rights& rights) {
  if (!rule.IsObject()) return Error(Errc::kInvalidArgument, "not an object");
  const Value* const match = find_member(rule, "match");
  if (match == nullptr || !match->IsString()) {
    return Error(Errc::kInvalidArgument, "match is no string");
  }
  auto pattern = RoomPattern::parse(text_of(*match));
  if (!pattern) return Error(Errc::kInvalidArgument, "match: " + pattern.error().detail);
  const auto verbs = read_verbs(rule);
  if (!verbs) return verbs.error();
  return rights.add(*std::move(pattern), *verbs);
}

Result<std::shared_ptr<const Rights>> read_rights(const Value& claims, const ClaimRules& rules) {
  const Value* const rooms = find_member(claims, "rooms");
  if (rooms == nullptr) return rules.default_rights;
  if (!rooms->IsArray()) return bad("rooms is no array");
  auto rights = std::make_shared<Rights>();
  for (SizeType i = 0; i < rooms->Size(); ++i) {
    if (const auto added = read_rule((*rooms)[i], *rights); !added) {
      return bad("rooms[" + std::to_string(i) + "]: " + added.error().detail);
    }
  }
  return std::shared_ptr<const Rights>(std::move(rights));
}

}  // namespace

Result<Principal> read_claims(std::string_view json, const ClaimRules& rules, Microseconds now) {
  const auto claims = parse_json_object(json);
  if (!claims) return bad("the claims are " + claims.error().detail);
  Principal principal;
  principal.source = Principal::Source::kToken;
  if (auto read = check_times(*claims, rules, now, principal); !read) return read.error();
  if (auto read = check_issuer(*claims, rules); !read) return read.error();
  if (auto read = check_audience(*claims, rules); !read) return read.error();
  if (auto read = read_names(*claims, principal); !read) return read.error();
  auto rights = read_rights(*claims, rules);
  if (!rights) return rights.error();
  principal.rights = *std::move(rights);
  return principal;
}

}  // namespace stampede::auth
