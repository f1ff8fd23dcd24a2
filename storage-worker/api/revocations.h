#pragma once

#include "storage-worker/api/api.h"

namespace stampede::worker {

/// POST /api/v1/revocations, with the administrator's key: {"user": "…"} or {"token": "…"}
void serve_revocation(const ApiPorts& ports, http::Request request,
                      const http::Responder& responder);

}  // namespace stampede::worker
