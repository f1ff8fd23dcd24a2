#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "shared/base/executor.h"

namespace stampede::auth {

/// A login that waits for its passcode to be checked.
struct WaitingLogin {
  std::string address;  ///< where it comes from
  Task check;           ///< takes as long as the hash was made to cost
  Task refuse;          ///< instead of `check`, when there is no room
};

/// Bounded; addresses take turns, so that one which sends many waits for itself only. Pure; one
/// thread at a time.
class LoginQueue {
 public:
  explicit LoginQueue(std::size_t most) : most_(most) {}

  /// What has to go when the queue is full: the newest login of the address that has the most,
  /// which may be `login` itself.
  std::optional<WaitingLogin> push(WaitingLogin login);
  /// Nothing when it is empty.
  std::optional<WaitingLogin> pop();

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  using Line = std::deque<WaitingLogin>;

  [[nodiscard]] std::string longest_line() const;
  void drop_line(const std::string& address);

  const std::size_t most_;
  std::size_t size_ = 0;
  std::unordered_map<std::string, Line> lines_;  ///< none is empty
  std::deque<std::string> turns_;                ///< each address of lines_, once
};

}  // namespace stampede::auth
