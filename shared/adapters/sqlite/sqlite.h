#pragma once

#include <filesystem>
#include <memory>

#include "shared/base/clock.h"
#include "shared/base/error.h"
#include "shared/base/health.h"
#include "shared/base/metrics.h"
#include "shared/ports/message_store.h"

namespace stampede::sqlite {

struct Options {
  std::filesystem::path path;  ///< the database file; its directory is made when missing
};

/// A store in one SQLite file, for a gateway without servers around it (docs/schema.md). Never
/// blocks a caller: one thread writes, one reads. What is replied to is on the disk (WAL,
/// synchronous=FULL).
///
/// Opens before it returns. kUnavailable, with the path and the reason, when that fails or another
/// process has the store open. Health component "sqlite". `clock`, `metrics` and `health` outlive
/// the store; destroying it answers what is still waiting with kCancelled.
Result<std::unique_ptr<MessageStore>> open_store(const Options& options, const Clock& clock,
                                                 Metrics& metrics, Health& health);

}  // namespace stampede::sqlite
