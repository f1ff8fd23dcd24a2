#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace stampede::fuzz {

/// What a target throws when the code under test breaks a promise: a finding for libFuzzer, a
/// failure for the test that runs the corpus.
class Finding : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

inline void require(bool holds, std::string_view promise, std::string_view seen = {}) {
  if (holds) return;
  std::string text(promise);
  if (!seen.empty()) text.append("; seen: ").append(seen);
  throw Finding(text);
}

}  // namespace stampede::fuzz
