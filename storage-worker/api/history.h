#pragma once

#include "storage-worker/api/api.h"

namespace stampede::worker {

/// GET /api/v1/rooms/{room}/messages?before=|after=|limit=
void serve_history(const ApiPorts& ports, http::Request request, const http::Responder& responder);

}  // namespace stampede::worker
