#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/config/option_table.h"
#include "shared/config/parsed.h"

namespace stampede::config {

/// What `load` found out; `Parsed` without the configuration itself.
struct Loaded {
  Action action = Action::kRun;
  std::string command;  ///< the command given, or empty
  std::vector<Problem> problems;
  std::vector<std::string> warnings;
  std::string text;
};

/// Checks that concern several options at once; adds to `problems`. Runs after every value is set.
using CrossCheck = std::function<void(const OptionTable& table, std::string_view command,
                                      std::vector<Problem>& problems)>;

/// Fills the table's variables: defaults, then the file of --config, the environment, the command
/// line. Goes on after a problem to find the others.
Loaded load(OptionTable& table, const Invocation& invocation, const CrossCheck& check);

/// A problem of a missing value that says the three ways to give it.
Problem missing(const Option& option, std::string_view example);

}  // namespace stampede::config
