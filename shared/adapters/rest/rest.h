#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "shared/base/clock.h"
#include "shared/base/metrics.h"
#include "shared/ports/history.h"
#include "shared/runtime/loop.h"

namespace stampede::rest {

struct Options {
  /// `http://host[:port]`: a worker, or what stands in front of several.
  std::string url;
  /// The `Authorization` of each request, asked for on the loop's thread; empty: none.
  std::function<std::string()> authorization = [] { return std::string(); };
  Milliseconds timeout{2'000};   ///< of one page, waiting for a connection included
  std::size_t connections = 4;   ///< at most; kept open
  std::size_t waiting = 10'000;  ///< pages asked for and not answered; then kOverloaded
};

/// Reads history through the workers' REST API, exactly as it was stored. Never blocks; all work is
/// done on `loop`'s thread, which outlives the history like `metrics` does. Stop the loop before
/// destroying it; what is unanswered then is answered kCancelled.
///
/// kInvalidArgument: the URL is not of that form.
Result<std::unique_ptr<History>> make_history(Loop& loop, const Options& options, Metrics& metrics);

}  // namespace stampede::rest
