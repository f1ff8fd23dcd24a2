#pragma once

#include <memory>

#include "storage-worker/api/api.h"

namespace stampede::worker {

/// GET /api/v1/rooms?after=|limit=, those that `rights` allow to read.
void serve_rooms(const ApiPorts& ports, std::shared_ptr<const auth::Rights> rights,
                 http::Request request, const http::Responder& responder);
/// GET /api/v1/rooms/{room}
void serve_room(const ApiPorts& ports, http::Request request, const http::Responder& responder);
/// GET /api/v1/rooms/{room}/members
void serve_members(const ApiPorts& ports, http::Request request, const http::Responder& responder);

}  // namespace stampede::worker
