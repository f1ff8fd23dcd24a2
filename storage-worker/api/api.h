#pragma once

#include "shared/auth/admission.h"
#include "shared/base/executor.h"
#include "shared/http/router.h"
#include "shared/ports/message_store.h"
#include "shared/ports/revocations.h"
#include "shared/ports/room_directory.h"

namespace stampede::worker {

/// What the handlers work on. All outlive the router that they are added to.
struct ApiPorts {
  MessageStore& store;
  RoomDirectory& directory;
  const auth::Admission& admission;
  Revocations& revocations;
  Executor& on;  ///< the loop of the server that the router serves
};

/// Adds the REST API of docs/openapi.yaml: history, rooms, members, revocations. The worker and the
/// embedded gateway serve the same.
void add_api(http::Router& router, ApiPorts ports);

}  // namespace stampede::worker
