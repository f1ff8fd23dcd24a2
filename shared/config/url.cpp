// URLs of servers. Their shape is checked early, because a typo should be found before the first
// connection; their passwords are never shown.
#include <algorithm>
#include <charconv>

#include "shared/config/value.h"

namespace stampede::config {
namespace {

Error bad(std::string text) { return {Errc::kInvalidArgument, std::move(text)}; }

std::string listed(const std::vector<std::string>& schemes) {
  std::string text;
  for (const std::string& scheme : schemes) text += (text.empty() ? "" : " or ") + scheme + "://";
  return text;
}

/// An error that does not quote: what looks like a port may be a piece of a password.
Result<void> check_host_and_port(std::string_view host_and_port) {
  std::string_view port;
  if (host_and_port.starts_with('[')) {
    const std::size_t end = host_and_port.find(']');
    if (end == std::string_view::npos) return bad("its host opens a '[' that is not closed");
    port = host_and_port.substr(end + 1);
    if (!port.empty() && !port.starts_with(':'))
      return bad("something other than a port follows ']'");
  } else {
    const std::size_t colon = host_and_port.find(':');
    if (colon == 0 || host_and_port.empty()) return bad("it has no host");
    if (colon != std::string_view::npos) port = host_and_port.substr(colon);
  }
  if (port.empty()) return {};
  port.remove_prefix(1);
  unsigned number = 0;
  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool whole = failure == std::errc() && end == port.data() + port.size();
  if (!whole || number < 1 || number > 65535) {
    return bad(
        "its port is not a number from 1 to 65535; in a user name or password the characters "
        "/ ? # @ : are written percent-encoded");
  }
  return {};
}

Result<void> check_url(std::string_view url, const std::vector<std::string>& schemes) {
  const bool known = std::any_of(schemes.begin(), schemes.end(), [&](const auto& scheme) {
    return url.starts_with(scheme + "://");
  });
  if (!known) return bad("it does not start with " + listed(schemes));
  const bool clean =
      std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!clean) {
    return bad(
        "it contains a space, a control character or a letter that is not ASCII; "
        "write it percent-encoded");
  }
  std::string_view authority = url.substr(url.find("://") + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) authority.remove_prefix(at + 1);
  // libpq takes several hosts in one URL, and none at all for its default socket.
  if (schemes.front() == "postgresql" &&
      (authority.empty() || authority.find(',') != authority.npos)) {
    return {};
  }
  return check_host_and_port(authority);
}

/// "?password=x" -> "?password=***", for libpq takes one there.
std::string mask_query(std::string url) {
  for (const std::string_view key : {"?password=", "&password="}) {
    const std::size_t found = url.find(key);
    if (found == std::string::npos) continue;
    const std::size_t start = found + key.size();
    url.replace(start, std::min(url.find('&', start), url.size()) - start, "***");
  }
  return url;
}

}  // namespace

std::string mask_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  // The last '@' of all: a password with a '/' or '@' that should have been encoded stays hidden.
  const std::size_t at = url.rfind('@');
  if (scheme == std::string_view::npos) return url.empty() ? "" : "***";
  if (at == std::string_view::npos || at < scheme) return mask_query(std::string(url));
  const std::string_view user_info = url.substr(scheme + 3, at - scheme - 3);
  const std::size_t colon = user_info.find(':');
  std::string masked(url.substr(0, scheme + 3));
  if (colon != std::string_view::npos) masked.append(user_info.substr(0, colon + 1));
  masked.append("***").append(url.substr(at));
  return mask_query(std::move(masked));
}

Value url_value(std::string& into, std::vector<std::string> schemes) {
  Value value;
  value.unit = "URL";
  value.allowed = "starts with " + listed(schemes);
  value.credential = true;
  value.parse = [&into, schemes = std::move(schemes)](std::string_view text) -> Result<void> {
    auto checked = check_url(text, schemes);
    if (checked) into = text;
    return checked;
  };
  value.show = [&into] { return mask_url(into); };
  return value;
}

}  // namespace stampede::config
