#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "shared/adapters/redis/context.h"
#include "shared/base/executor.h"
#include "shared/ports/revocations.h"

namespace stampede::redis {

/// The revocations in Redis' sorted set: asks for what is new while somebody watches, remembers
/// what it has heard, and writes that again when Redis has lost it. Loop's thread only.
class RevocationLog {
 public:
  explicit RevocationLog(Context& context);

  void on_open();
  void on_close();

  /// `revocation` is a valid one, and Redis is there.
  void revoke(const Revocation& revocation, const Reply<Result<void>>& revoked);
  void watch(Executor& on, Revocations::News news);

 private:
  using Known = std::unordered_map<std::string, std::int64_t>;

  void tick();
  /// Asks for everything from `from_ms` on, a page at a time; `whole` once it was all.
  void ask(std::int64_t from_ms, bool whole);
  void take(Answer page, std::int64_t from_ms, bool whole);
  void learn(const Answer& page);
  void write_again();
  void forget_old();
  void tell(const std::vector<Revocation>& news) const;

  Context& context_;
  std::vector<std::pair<Executor*, Revocations::News>> watchers_;
  Known known_;
  Known seen_;  ///< in Redis, while everything is being asked for
  std::int64_t newest_ms_ = 0;
  bool open_ = false;
  bool asking_ = false;
  bool ticking_ = false;
};

}  // namespace stampede::redis
