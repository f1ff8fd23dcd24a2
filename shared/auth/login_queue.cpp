#include "shared/auth/login_queue.h"

#include <algorithm>
#include <utility>

namespace stampede::auth {

std::optional<WaitingLogin> LoginQueue::push(WaitingLogin login) {
  Line& line = lines_[login.address];
  if (line.empty()) turns_.push_back(login.address);
  line.push_back(std::move(login));
  if (++size_ <= most_) return std::nullopt;
  const std::string greedy = longest_line();
  Line& shortened = lines_[greedy];
  WaitingLogin dropped = std::move(shortened.back());
  shortened.pop_back();
  --size_;
  if (shortened.empty()) drop_line(greedy);
  return dropped;
}

std::optional<WaitingLogin> LoginQueue::pop() {
  if (turns_.empty()) return std::nullopt;
  const std::string address = std::move(turns_.front());
  turns_.pop_front();
  Line& line = lines_[address];
  WaitingLogin next = std::move(line.front());
  line.pop_front();
  --size_;
  if (line.empty()) {
    lines_.erase(address);
  } else {
    turns_.push_back(address);
  }
  return next;
}

/// Only looked for when the queue is full, and not longer than the queue.
std::string LoginQueue::longest_line() const {
  return std::max_element(
             lines_.begin(), lines_.end(),
             [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); })
      ->first;
}

void LoginQueue::drop_line(const std::string& address) {
  lines_.erase(address);
  turns_.erase(std::find(turns_.begin(), turns_.end(), address));
}

}  // namespace stampede::auth
