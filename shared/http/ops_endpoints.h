#pragma once

#include <string_view>

#include "shared/base/health.h"
#include "shared/base/metrics.h"
#include "shared/http/router.h"

namespace stampede::http {

/// Adds what an operator's tools ask for: `/healthz` (the process lives), `/readyz` (503 with the
/// reasons until every component is ready), `/metrics` (Prometheus text). Also registers the
/// process' own metrics, read anew at each scrape, and `stampede_build_info{version=…}`.
/// `health` and `metrics` outlive the router.
void add_ops_endpoints(Router& router, const Health& health, Metrics& metrics,
                       std::string_view version);

}  // namespace stampede::http
