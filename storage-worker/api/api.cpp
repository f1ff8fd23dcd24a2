// One line a route; a handler reads its parameters, asks a port and writes the answer.
#include "storage-worker/api/api.h"

#include "storage-worker/api/history.h"
#include "storage-worker/api/rooms.h"

namespace stampede::worker {
namespace {

using Serve = void (*)(const ApiPorts&, http::Request, const http::Responder&);

void add(http::Router& router, const char* pattern, const ApiPorts& ports, Serve serve) {
  router.add("GET", pattern,
             [ports, serve](http::Request request, const http::Responder& responder) {
               serve(ports, std::move(request), responder);
             });
}

}  // namespace

void add_api(http::Router& router, ApiPorts ports) {
  add(router, "/api/v1/rooms", ports, &serve_rooms);
  add(router, "/api/v1/rooms/{room}", ports, &serve_room);
  add(router, "/api/v1/rooms/{room}/members", ports, &serve_members);
  add(router, "/api/v1/rooms/{room}/messages", ports, &serve_history);
}

}  // namespace stampede::worker
