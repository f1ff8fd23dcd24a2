#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stampede::http {

/// Names and values in the order received. Names of header fields compare without regard to case.
using Pairs = std::vector<std::pair<std::string, std::string>>;

/// One request as a handler sees it: decoded, complete, owned.
struct Request {
  std::string method;  ///< as sent: "GET", "HEAD", "POST", …
  std::string target;  ///< as sent: "/rooms/a%20b?limit=5"
  std::string path;    ///< decoded, without the query: "/rooms/a b"; valid UTF-8, no NUL
  Pairs query;         ///< decoded; a key without "=" has an empty value
  Pairs params;        ///< what the route's {names} matched, decoded
  Pairs headers;
  std::string body;
  std::string peer;  ///< "192.0.2.1:5000"

  /// The first value of a header field, of a query key, of a path parameter.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view key) const;
  /// Empty when the route has no such parameter; routes never match an empty one.
  [[nodiscard]] std::string_view param(std::string_view name) const;
};

/// What a handler answers. Date, Content-Length and Connection are the server's to add. The body
/// of an answer to HEAD counts for Content-Length and is not sent.
struct Response {
  int status = 200;
  std::string content_type;  ///< none is sent when empty
  Pairs headers;
  std::string body;

  static Response json(std::string body, int status = 200);
  static Response text(std::string body, int status = 200);
};

/// "Not Found" for 404; "Unknown" for what RFC 9110 does not name.
std::string_view reason_phrase(int status) noexcept;

enum class AfterResponse { kKeepAlive, kClose };

/// Status line and header fields of `response`, ending in the empty line. Control characters in
/// values become spaces, so that no value can start another header field.
std::string head_of(const Response& response, AfterResponse after);

/// Compares as header names do: ASCII letters without regard to case.
bool same_token(std::string_view a, std::string_view b) noexcept;

}  // namespace stampede::http
