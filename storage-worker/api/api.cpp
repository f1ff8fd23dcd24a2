// One line a route, with the right that it needs; a handler reads its parameters, asks a port and
// writes the answer.
#include "storage-worker/api/api.h"

#include "storage-worker/api/access.h"
#include "storage-worker/api/history.h"
#include "storage-worker/api/revocations.h"
#include "storage-worker/api/rooms.h"

namespace stampede::worker {
namespace {

using auth::Verb;

void add(http::Router& router, const char* pattern, const ApiPorts& ports,
         std::optional<Verb> needed, const Serve& serve) {
  router.add("GET", pattern,
             [ports, needed, serve](http::Request request, const http::Responder& responder) {
               admit(ports, needed, std::move(request), responder, serve);
             });
}

/// For handlers to whom it does not matter who asks.
using ServeAnyone = void (*)(const ApiPorts&, http::Request, const http::Responder&);

Serve anyone(const ApiPorts& ports, ServeAnyone serve) {
  return [ports, serve](const auth::Principal&, http::Request request,
                        const http::Responder& responder) {
    serve(ports, std::move(request), responder);
  };
}

}  // namespace

void add_api(http::Router& router, ApiPorts ports) {
  add(router, "/api/v1/rooms", ports, std::nullopt,
      [ports](const auth::Principal& who, http::Request request, const http::Responder& responder) {
        serve_rooms(ports, who.rights, std::move(request), responder);
      });
  add(router, "/api/v1/rooms/{room}", ports, Verb::kRead, anyone(ports, &serve_room));
  add(router, "/api/v1/rooms/{room}/members", ports, Verb::kPresence,
      anyone(ports, &serve_members));
  add(router, "/api/v1/rooms/{room}/messages", ports, Verb::kRead, anyone(ports, &serve_history));
  router.add("POST", "/api/v1/revocations",
             [ports](http::Request request, const http::Responder& responder) {
               serve_revocation(ports, std::move(request), responder);
             });
}

}  // namespace stampede::worker
