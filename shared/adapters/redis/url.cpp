// A strict reader: a typing error in a setting must be found at start, not by a connection that
// goes somewhere else.
#include "shared/adapters/redis/url.h"

#include <charconv>
#include <optional>

namespace stampede::redis {
namespace {

Error wrong(const std::string& what) {
  return {Errc::kInvalidArgument,
          "Redis URL: " + what + "; the form is redis://[user:password@]host[:port][/database]"};
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 2 || ec != std::errc() || end != digits.data() + 2) return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

Result<void> read_credentials(std::string_view text, Server& server) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return wrong("there is a user but no password before '@'");
  auto user = percent_decoded(text.substr(0, colon));
  auto password = percent_decoded(text.substr(colon + 1));
  if (!user || !password)
    return wrong("a '%' in the credentials is not followed by two hex digits");
  server.user = std::move(*user);
  server.password = std::move(*password);
  if (server.password.empty()) return wrong("the password is empty");
  return {};
}

Result<void> read_host(std::string_view text, Server& server) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return wrong("']' is missing after the IPv6 address");
    server.host = text.substr(1, close - 1);
    port = text.substr(close + 1);
    if (!port.empty() && port[0] != ':') return wrong("only a port may follow the IPv6 address");
  } else {
    const std::size_t colon = text.find(':');
    server.host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  if (server.host.empty()) return wrong("the host is missing");
  if (server.host.find_first_of(" \t/?#@[]") != std::string::npos) {
    return wrong("the host contains a character that is not allowed");
  }
  if (port.empty()) return {};
  const auto parsed = number<std::uint16_t>(port.substr(1));
  if (!parsed || *parsed == 0) return wrong("the port is not a number from 1 to 65535");
  server.port = *parsed;
  return {};
}

}  // namespace

Result<Server> parse_redis_url(std::string_view url) {
  constexpr std::string_view kScheme = "redis://";
  if (url.starts_with("rediss://")) return wrong("TLS (rediss://) is not supported");
  if (!url.starts_with(kScheme)) return wrong("it does not start with redis://");
  std::string_view rest = url.substr(kScheme.size());
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return wrong("parameters ('?', '#') are not supported; percent-encode them in credentials");
  }
  Server server;
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    if (auto read = read_credentials(rest.substr(0, at), server); !read) return read.error();
    rest = rest.substr(at + 1);
  }
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos && slash + 1 < rest.size()) {
    const auto database = number<int>(rest.substr(slash + 1));
    if (!database || *database < 0) return wrong("the database is not a number from 0");
    server.database = *database;
  }
  if (auto read = read_host(rest.substr(0, slash), server); !read) return read.error();
  return server;
}

}  // namespace stampede::redis
