#pragma once

#include <functional>
#include <string_view>

#include "shared/base/executor.h"
#include "shared/base/health.h"
#include "shared/base/metrics.h"
#include "shared/http/router.h"

namespace stampede::http {

/// Runs the task on the server's loop once those that must not hang have had a turn.
using AfterATurn = std::function<void(Task)>;

/// Adds what an operator's tools ask for: `/healthz` (the process lives), `/readyz` (503 with the
/// reasons until every component is ready), `/metrics` (Prometheus text). Also registers the
/// process' own metrics, read anew at each scrape, and `stampede_build_info{version=…}`.
/// `health` and `metrics` outlive the router. `/healthz` is answered `after_a_turn`: not at all
/// while a loop hangs.
void add_ops_endpoints(
    Router& router, const Health& health, Metrics& metrics, std::string_view version,
    AfterATurn after_a_turn = [](const Task& task) { task(); });

}  // namespace stampede::http
