// The members that http::problem cannot know: which request, which of its parameters.
#include "storage-worker/api/problem.h"

#include "shared/base/log.h"
#include "shared/http/problem.h"
#include "storage-worker/api/json.h"

namespace stampede::worker {
namespace {

http::Response with_instance(http::Response response, const http::Request& request,
                             std::string_view parameter) {
  // The document ends in "}\n".
  response.body.resize(response.body.rfind('}'));
  response.body += ",\"instance\":" + http::json_quoted(as_utf8(request.target));
  if (!parameter.empty()) {
    response.body += ",\"parameter\":" + http::json_quoted(as_utf8(parameter));
  }
  response.body += "}\n";
  return response;
}

}  // namespace

http::Response problem(const http::Request& request, const Error& error,
                       std::string_view parameter) {
  return with_instance(http::problem(error), request, parameter);
}

http::Response problem(const http::Request& request, int status, std::string_view detail) {
  return with_instance(http::problem(status, as_utf8(detail)), request, {});
}

http::Response server_problem(const http::Request& request, const Error& error,
                              std::string_view server) {
  if (error.is(Errc::kInternal)) {
    log_error("rest request failed", {{"server", server}, {"reason", error.detail}});
  }
  std::string text(server);
  text += error.is(Errc::kOverloaded) ? " is overloaded" : " is away";
  return problem(request, Error(error.code, text + "; try again in a moment"));
}

}  // namespace stampede::worker
