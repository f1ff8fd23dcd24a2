#pragma once

#include <cstddef>
#include <vector>

#include "shared/base/executor.h"

namespace stampede::gateway {

/// A shard's sessions, for news that concern those who are in already: something was revoked, users
/// or keys have changed. On the shard's thread; outlives its sessions.
class Roster {
 public:
  class Entry {
   public:
    virtual ~Entry() = default;
    /// What the client may do may have changed. May make this entry leave, and no other.
    virtual void on_review() = 0;

   private:
    friend class Roster;
    std::size_t place_ = 0;
  };

  explicit Roster(Executor& on) : on_(on) {}

  void enter(Entry& entry);
  void leave(Entry& entry) noexcept;

  /// Asks every entry to review itself, a bounded number in each turn of the loop.
  void review_all();

 private:
  void review_some();

  Executor& on_;
  /// A plain list: news is rare, and a walk over all of them then costs less than an index by user
  /// and token would cost each session always.
  std::vector<Entry*> entries_;
  std::size_t unreviewed_ = 0;  ///< the first so many of entries_
};

}  // namespace stampede::gateway
