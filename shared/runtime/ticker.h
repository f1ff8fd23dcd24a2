#pragma once

#include <functional>
#include <memory>

#include "shared/base/clock.h"
#include "shared/runtime/loop.h"

namespace stampede {

/// Calls a function on a loop again and again. Built and destroyed on the loop's thread or while
/// the loop does not run; the loop outlives it. After the destructor the function is not called.
class Ticker {
 public:
  Ticker(Loop& loop, Milliseconds period, std::function<void()> tick);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace stampede
