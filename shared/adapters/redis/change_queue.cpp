// What is answered makes room for the next, so the pipeline never runs dry and never gets long.
#include "shared/adapters/redis/change_queue.h"

#include <utility>

namespace stampede::redis {

void ChangeQueue::add(std::size_t members, Start start, Drop drop) {
  waiting_.push_back({members, std::move(start), std::move(drop)});
  ++open_;
  start_some();
}

void ChangeQueue::start_some() {
  // A change that is done at once comes back here: the loop below goes on with the next.
  if (std::exchange(starting_, true)) return;
  while (!waiting_.empty() &&
         (members_started_ == 0 || members_started_ + waiting_.front().members <= most_members_)) {
    const Change change = std::move(waiting_.front());
    waiting_.pop_front();
    members_started_ += change.members;
    change.start([this, members = change.members] {
      members_started_ -= members;
      --open_;
      start_some();
    });
  }
  starting_ = false;
}

void ChangeQueue::drop_all(const Error& error) {
  auto dropped = std::exchange(waiting_, {});
  open_ -= dropped.size();
  for (const Change& change : dropped) change.drop(error);
}

}  // namespace stampede::redis
