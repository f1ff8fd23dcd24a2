// Decoding comes after splitting, so that an encoded "/" or "&" stays part of its segment or value.
#include "shared/http/target.h"

#include "shared/base/utf8.h"

namespace stampede::http {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Error bad(std::string_view what, const std::string& text) {
  return {Errc::kInvalidArgument, "The request's " + std::string(what) + " " + text};
}

Result<std::string> decode(std::string_view encoded, std::string_view what, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    char c = encoded[i];
    if (c == '+' && plus_is_space) c = ' ';
    if (c == '%') {
      const int high = i + 1 < encoded.size() ? hex_digit(encoded[i + 1]) : -1;
      const int low = i + 2 < encoded.size() ? hex_digit(encoded[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return bad(what, "has a '%' at byte " + std::to_string(i) +
                             " that two hexadecimal digits do not follow; a '%' itself is %25.");
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return bad(what, "contains NUL (%00), which is not allowed.");
    decoded.push_back(c);
  }
  if (!is_utf8(decoded)) return bad(what, "is not UTF-8 once it is percent-decoded.");
  return decoded;
}

/// "http://host/a" -> "/a" (RFC 9112 section 3.2.2); the origin form stays.
std::string_view without_authority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() || !same_token(target.substr(0, scheme.size()), scheme))
      continue;
    target.remove_prefix(scheme.size());
    const std::size_t start = target.find_first_of("/?");
    return start == std::string_view::npos ? "/" : target.substr(start);
  }
  return target;
}

Result<Pairs> parse_query(std::string_view text) {
  Pairs query;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto key = decode(pair.substr(0, equals), "query", true);
    if (!key) return key.error();
    auto value = decode(pair.substr(std::min(equals + 1, pair.size())), "query", true);
    if (!value) return value.error();
    query.emplace_back(std::move(*key), std::move(*value));
  }
  return query;
}

}  // namespace

Result<std::string> percent_decode(std::string_view encoded, std::string_view what) {
  return decode(encoded, what, false);
}

Result<Target> parse_target(std::string_view target) {
  target = without_authority(target);
  Target parsed;
  const std::size_t question = std::min(target.find('?'), target.size());
  parsed.raw_path = target.substr(0, question);
  if (parsed.raw_path.empty() && question < target.size()) parsed.raw_path = "/";
  if (parsed.raw_path.empty() || parsed.raw_path.front() != '/') {
    return bad("target", "must be a path that starts with '/'.");
  }
  auto path = percent_decode(parsed.raw_path, "path");
  if (!path) return path.error();
  parsed.path = std::move(*path);
  for (std::string_view rest = parsed.raw_path.substr(1);;) {
    const std::size_t slash = rest.find('/');
    parsed.segments.push_back(rest.substr(0, slash));
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  auto query = parse_query(target.substr(std::min(question + 1, target.size())));
  if (!query) return query.error();
  parsed.query = std::move(*query);
  return parsed;
}

}  // namespace stampede::http
