// A review walks from the last entry to the first. Entries that come meanwhile stand behind the
// walk and were checked at the door; the place of one that leaves is taken by the last, which the
// walk has either seen or will see.
#include "gateway/session/roster.h"

#include <algorithm>
#include <cassert>

namespace stampede::gateway {
namespace {

constexpr std::size_t kReviewedInATurn = 500;

}  // namespace

void Roster::enter(Entry& entry) {
  entry.place_ = entries_.size();
  entries_.push_back(&entry);
}

void Roster::leave(Entry& entry) noexcept {
  assert(entries_.at(entry.place_) == &entry);
  entries_[entry.place_] = entries_.back();
  entries_[entry.place_]->place_ = entry.place_;
  entries_.pop_back();
  unreviewed_ = std::min(unreviewed_, entries_.size());
}

void Roster::review_all() {
  const bool walking = unreviewed_ > 0;
  unreviewed_ = entries_.size();
  if (!walking && unreviewed_ > 0) on_.post([this] { review_some(); });
}

void Roster::review_some() {
  for (std::size_t i = 0; i < kReviewedInATurn && unreviewed_ > 0; ++i) {
    --unreviewed_;
    entries_[unreviewed_]->on_review();
  }
  if (unreviewed_ > 0) on_.post([this] { review_some(); });
}

}  // namespace stampede::gateway
