#include "shared/http/cors.h"

#include <string>

namespace stampede::http {

std::optional<Response> preflight_answer(const Request& request, std::string_view origin) {
  if (request.method != "OPTIONS" || !request.header("Access-Control-Request-Method")) {
    return std::nullopt;
  }
  Response answer;
  answer.status = 204;
  answer.headers = {{"Access-Control-Allow-Methods", "GET, HEAD, POST"},
                    {"Access-Control-Allow-Headers", "Authorization, Content-Type"},
                    {"Access-Control-Max-Age", "600"}};
  share_with(origin, answer);
  return answer;
}

void share_with(std::string_view origin, Response& response) {
  response.headers.emplace_back("Access-Control-Allow-Origin", origin);
  response.headers.emplace_back("Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate");
  // A cache must not give the answer for one origin to another.
  response.headers.emplace_back("Vary", "Origin");
}

}  // namespace stampede::http
