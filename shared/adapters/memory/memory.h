#pragma once

// The ports inside one process: for the embedded mode and for tests. A hub holds what the gateways
// share; each gateway has its own end of it. Hubs outlive their ends, ends outlive nothing.

#include "shared/adapters/memory/memory_bus.h"
#include "shared/adapters/memory/memory_directory.h"
#include "shared/adapters/memory/memory_feed.h"
#include "shared/adapters/memory/memory_revocations.h"
#include "shared/adapters/memory/memory_users.h"
