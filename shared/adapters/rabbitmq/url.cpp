// Own parsing: amqp_parse_url writes into its input, cannot say what is wrong, and takes IPv6
// addresses and query parameters only in part.
#include "shared/adapters/rabbitmq/url.h"

#include <charconv>
#include <optional>

namespace stampede::rabbitmq {
namespace {

constexpr std::size_t kMaxShortString = 255;  // AMQP's length octet
constexpr std::size_t kMaxPassword = 1024;

Error bad(const std::string& what) { return {Errc::kInvalidArgument, "broker URL: " + what}; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

/// Takes everything before the first `mark` off `text`; all of it if there is none.
std::string_view take_until(std::string_view& text, char mark, bool& found) {
  const std::size_t at = text.find(mark);
  found = at != std::string_view::npos;
  const std::string_view out = text.substr(0, at);
  text.remove_prefix(found ? at + 1 : text.size());
  return out;
}

Result<void> decode_into(std::string& out, std::string_view text, const char* part,
                         std::size_t max) {
  auto decoded = percent_decoded(text);
  if (!decoded) return bad(std::string(part) + " has a '%' without two hex digits after it");
  if (decoded->size() > max) {
    return bad(std::string(part) + " is longer than " + std::to_string(max) + " bytes");
  }
  if (decoded->find('\0') != std::string::npos) return bad(std::string(part) + " has a NUL in it");
  out = *std::move(decoded);
  return {};
}

Result<void> read_credentials(Endpoint& out, std::string_view text) {
  bool has_password = false;
  const std::string_view user = take_until(text, ':', has_password);
  if (auto ok = decode_into(out.user, user, "the user name", kMaxShortString); !ok) return ok;
  if (!has_password) return {};
  return decode_into(out.password, text, "the password", kMaxPassword);
}

Result<void> read_port(Endpoint& out, std::string_view text) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out.port);
  if (ec != std::errc() || end != text.data() + text.size() || out.port == 0) {
    // Not quoted: without the '@' a password would stand here.
    return bad(
        "the port is not a number from 1 to 65535; '@', '/', '?' and '#' in a password are "
        "written as %40, %2F, %3F and %23");
  }
  return {};
}

Result<void> read_address(Endpoint& out, std::string_view text) {
  bool has_port = false;
  std::string_view host;
  if (text.starts_with('[')) {
    text.remove_prefix(1);
    bool closed = false;
    host = take_until(text, ']', closed);
    if (!closed) return bad("the IPv6 address has no closing ']'");
    has_port = text.starts_with(':');
    if (!text.empty() && !has_port) return bad("after ']' only ':port' may follow");
    if (has_port) text.remove_prefix(1);
  } else {
    host = take_until(text, ':', has_port);
  }
  if (auto ok = decode_into(out.host, host, "the host", kMaxShortString); !ok) return ok;
  if (out.host.empty())
    return bad("the host is missing; write amqp://user:password@host:port/vhost");
  return has_port ? read_port(out, text) : Result<void>();
}

Result<void> read_query(Endpoint& out, std::string_view query) {
  while (!query.empty()) {
    bool more = false;
    std::string_view value = take_until(query, '&', more);
    bool has_value = false;
    const std::string_view key = take_until(value, '=', has_value);
    if (key == "cacertfile") {
      if (auto ok = decode_into(out.ca_file, value, "cacertfile", 4096); !ok) return ok;
    } else if (key == "verify" && (value == "verify_peer" || value == "verify_none")) {
      out.verify_peer = value == "verify_peer";
    } else if (key == "verify") {
      return bad("verify is verify_peer or verify_none, not '" + std::string(value) + "'");
    } else {
      return bad("the parameter '" + std::string(key) + "' is unknown; known: cacertfile, verify");
    }
  }
  return {};
}

}  // namespace

std::string Endpoint::address() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Endpoint> parse_url(std::string_view url) {
  Endpoint out;
  out.user = out.password = "guest";
  out.vhost = "/";
  if (url.starts_with("amqps://")) {
    out.tls = true;
  } else if (!url.starts_with("amqp://")) {
    return bad("it must begin with amqp:// or amqps://");
  }
  out.port = out.tls ? 5671 : 5672;
  url.remove_prefix(out.tls ? 8 : 7);

  bool has_fragment = false;
  url = take_until(url, '#', has_fragment);
  if (has_fragment) return bad("'#' must be written as %23");
  bool has_query = false;
  std::string_view place = take_until(url, '?', has_query);
  const std::string_view query = url;
  bool has_vhost = false;
  std::string_view authority = take_until(place, '/', has_vhost);
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    if (auto ok = read_credentials(out, authority.substr(0, at)); !ok) return ok.error();
    authority.remove_prefix(at + 1);
  }
  if (auto ok = read_address(out, authority); !ok) return ok.error();
  // RabbitMQ's URI specification makes "host/" the vhost with the empty name, which nobody means.
  if (!place.empty()) {
    if (place.find('/') != std::string_view::npos) {
      return bad("a '/' inside the vhost must be written as %2F");
    }
    if (auto ok = decode_into(out.vhost, place, "the vhost", kMaxShortString); !ok)
      return ok.error();
  }
  if (auto ok = read_query(out, query); !ok) return ok.error();
  if (!out.tls && has_query) return bad("cacertfile and verify belong to amqps:// only");
  return out;
}

}  // namespace stampede::rabbitmq
