// Every refusal speaks the same language: RFC 9457 with a sentence that helps.
#include "shared/http/problem.h"

#include <cstdio>

namespace stampede::http {

std::string json_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted.push_back('\\');
      quoted.push_back(c);
    } else if (byte < 0x20 || byte == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(byte));
      quoted.append(escaped);
    } else {
      quoted.push_back(c);
    }
  }
  quoted.push_back('"');
  return quoted;
}

Response problem(int status, std::string_view detail) {
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = "{\"type\":\"about:blank\",\"title\":" + json_quoted(reason_phrase(status)) +
                  ",\"status\":" + std::to_string(status) + ",\"detail\":" + json_quoted(detail) +
                  "}\n";
  return response;
}

int status_of(const boost::system::error_code& code) noexcept {
  if (code.category() != error_category()) return 500;
  switch (static_cast<Errc>(code.value())) {
    case Errc::kInvalidArgument:
    case Errc::kProtocol: return 400;
    case Errc::kNotFound: return 404;
    case Errc::kConflict: return 409;
    case Errc::kTooLarge: return 413;
    case Errc::kDenied: return 403;
    case Errc::kOverloaded:
    case Errc::kUnavailable:
    case Errc::kCancelled: return 503;
    case Errc::kTimeout: return 504;
    case Errc::kInternal: return 500;
  }
  return 500;
}

Response problem(const Error& error) {
  const int status = status_of(error.code);
  // An error of another library may tell more about the inside than a stranger should read.
  const bool ours = error.code.category() == error_category() && !error.is(Errc::kInternal);
  Response response = problem(status, ours ? std::string_view(error.detail)
                                           : "Something failed on our side; the log says what.");
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace stampede::http
