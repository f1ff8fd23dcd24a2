#pragma once

#include <functional>
#include <optional>

#include "storage-worker/api/api.h"

namespace stampede::worker {

/// A handler for somebody who is known.
using Serve =
    std::function<void(const auth::Principal& who, http::Request request, const http::Responder&)>;

/// Lets `serve` answer when the request's `Authorization` is good and, where `needed` is given, its
/// user has that right in the path's {room}. Else answers 401, or 403 with the right that lacks;
/// 503 when too many logins wait. The administrator's key is good for everything. `serve` runs on
/// `ports.on`.
void admit(const ApiPorts& ports, std::optional<auth::Verb> needed, http::Request request,
           const http::Responder& responder, const Serve& serve);

}  // namespace stampede::worker
