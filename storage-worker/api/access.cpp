// In front of every handler: who asks, and whether they may. The same authenticator and the same
// rights as for STOMP, so what a session cannot read cannot be read here either.
#include "storage-worker/api/access.h"

#include <string>

#include "storage-worker/api/problem.h"

namespace stampede::worker {
namespace {

/// Every way to prove who one is; a client takes the one that it knows (RFC 9110 section 11.6.1).
http::Response unauthorized(const http::Request& request, const Error& error) {
  http::Response response = problem(request, 401, error.detail);
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"stampede\"");
  response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"stampede\", charset=\"UTF-8\"");
  return response;
}

http::Response refusal(const http::Request& request, const Error& error) {
  const bool ours = error.is(Errc::kOverloaded) || error.is(Errc::kCancelled);
  return ours ? problem(request, error) : unauthorized(request, error);
}

http::Response forbidden(const http::Request& request, const auth::Principal& who, auth::Verb verb,
                         const RoomName& room) {
  return problem(request, 403,
                 "user '" + who.user.str() + "' has no right to " + std::string(to_string(verb)) +
                     " in room '" + room.str() + "'");
}

/// Whoever has the administrator's key: other programs of the cluster, which read for their users.
auth::Principal administrator() {
  auth::Principal admin;
  admin.user = UserId("administrator");
  admin.rights = std::make_shared<const auth::Rights>(auth::Rights::everything());
  return admin;
}

}  // namespace

void admit(const ApiPorts& ports, std::optional<auth::Verb> needed, http::Request request,
           const http::Responder& responder, const Serve& serve) {
  const std::string_view authorization = request.header("Authorization").value_or("");
  if (!authorization.empty() && ports.admission.authorize_admin(authorization)) {
    return serve(administrator(), std::move(request), responder);
  }
  auth::Credentials credentials;
  credentials.authorization = authorization;
  credentials.peer_address = request.peer.substr(0, request.peer.rfind(':'));
  auto decided = [needed, request = std::move(request), responder,
                  serve](const Result<auth::Principal>& who) mutable {
    if (!who) return responder(refusal(request, who.error()));
    // A name that is none is the handler's to refuse.
    const auto room = parse_room_name(request.param("room"));
    if (needed && room && !who->rights->allow(*room, *needed)) {
      return responder(forbidden(request, *who, *needed, *room));
    }
    serve(*who, std::move(request), responder);
  };
  ports.admission.authenticate(std::move(credentials), ports.on, std::move(decided));
}

}  // namespace stampede::worker
