// Origins are compared as text: a browser writes one in one way only, in lower case and without its
// scheme's usual port (RFC 6454 section 6).
#include "shared/http/origin_policy.h"

#include <algorithm>

#include "shared/http/message.h"

namespace stampede::http {
namespace {

constexpr std::size_t kShownBytes = 100;

struct Authority {
  std::string_view host;  ///< an IPv6 address in its brackets
  std::string_view port;  ///< empty: the scheme's
};

Authority split_authority(std::string_view text) {
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (!has_port) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::string_view usual_port(std::string_view scheme) {
  return scheme == "https" ? "443" : scheme == "http" ? "80" : "";
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         (host.starts_with("127.") &&
          host.find_first_not_of("0123456789.") == std::string_view::npos);
}

/// For a sentence that goes back to whoever sent it: short and without control characters.
std::string shown(std::string_view text) {
  std::string out(text.substr(0, kShownBytes));
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return "'" + out + "'";
}

}  // namespace

Result<void> OriginPolicy::check(std::optional<std::string_view> origin,
                                 std::string_view host) const {
  if (!origin || allows(*origin, host)) return {};
  std::string allowed = "the list of allowed origins has others only";
  if (listed_.empty()) {
    allowed = "without a list of allowed origins only pages of " + shown(host) +
              (loopback_ ? " and of this machine" : "") + " are";
  }
  return Error(Errc::kDenied, "pages of " + shown(*origin) + " are not let in: " + allowed);
}

bool OriginPolicy::allows(std::string_view origin, std::string_view host) const {
  if (!listed_.empty()) {
    return std::any_of(listed_.begin(), listed_.end(),
                       [&](const std::string& one) { return one == "*" || one == origin; });
  }
  const std::size_t colons = origin.find("://");
  if (colons == std::string_view::npos) return false;  // "null": a page that is nobody's
  const std::string_view scheme = origin.substr(0, colons);
  const Authority page = split_authority(origin.substr(colons + 3));
  if (page.host.empty()) return false;
  if (loopback_ && is_loopback(page.host)) return true;
  Authority server = split_authority(host);
  if (server.port == usual_port(scheme)) server.port = {};
  return same_token(page.host, server.host) && page.port == server.port;
}

}  // namespace stampede::http
