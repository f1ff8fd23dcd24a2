#pragma once

#include <filesystem>
#include <memory>

#include "shared/base/clock.h"
#include "shared/base/error.h"
#include "shared/base/executor.h"
#include "shared/base/health.h"
#include "shared/base/metrics.h"
#include "shared/ports/message_store.h"

namespace stampede::sqlite {

struct Options {
  std::filesystem::path path;  ///< the database file; its directory is made when missing
};

/// Where the store does its work. It blocks there, on the disk and, at most five seconds, on
/// another process that writes: nothing that must not wait belongs on these.
struct Executors {
  Executor& writes;
  Executor& reads;  ///< another one, so that pages do not wait for commits
};

/// A store in one SQLite file, for a gateway without servers around it (docs/schema.md). Never
/// blocks a caller. What is replied to is on the disk (WAL, synchronous=FULL).
///
/// Opens before it returns. kUnavailable, with the path and the reason, when that fails or another
/// process has the store open. Health component "sqlite". `clock`, `metrics` and `health` outlive
/// the executors, and those the store. It may be destroyed on any thread: what is being done then
/// is finished, what waits is answered with kCancelled when its executor comes to it or is
/// destroyed.
Result<std::unique_ptr<MessageStore>> open_store(const Options& options, Executors on,
                                                 const Clock& clock, Metrics& metrics,
                                                 Health& health);

}  // namespace stampede::sqlite
