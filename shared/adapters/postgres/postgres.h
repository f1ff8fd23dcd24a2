#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "shared/base/error.h"
#include "shared/base/health.h"
#include "shared/base/metrics.h"
#include "shared/ports/message_store.h"
#include "shared/ports/stored_chains.h"

namespace stampede::postgres {

struct Options {
  std::string url;          ///< postgresql://user:password@host:port/database?parameters
  std::size_t readers = 2;  ///< connections that serve pages, beside the one that writes
  std::chrono::milliseconds connect_timeout{5'000};
  /// The server gives up a statement after this; some time later so do we, should it not answer.
  std::chrono::milliseconds statement_timeout{10'000};
};

/// Messages, and whether some are missing.
class Store : public MessageStore, public StoredChains {};

/// A store in PostgreSQL 15 or later (docs/schema.md). Never blocks a caller: one thread writes,
/// `readers` threads read, each with a connection of its own that is made and made again in the
/// background. While the database is away calls are answered kUnavailable at once. Every connection
/// applies pending migrations first, so an empty database is good enough to start with.
///
/// Health component "postgres". `metrics` and `health` outlive the store; destroying it answers
/// what is still waiting with kCancelled.
///
/// kInvalidArgument when the URL cannot be parsed; an unreachable server is not an error here.
Result<std::unique_ptr<Store>> make_store(Options options, Metrics& metrics, Health& health);

/// Applies the migrations that the database has not had yet, in one transaction, and returns how
/// many; several callers at once take turns. Blocks. kUnavailable with the server's words when the
/// database cannot be reached or refuses.
Result<int> migrate(const std::string& url);

}  // namespace stampede::postgres
