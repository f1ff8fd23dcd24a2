#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shared/base/error.h"
#include "shared/config/option_table.h"
#include "shared/config/parsed.h"

namespace stampede::config {

/// A value somebody gave, before anyone looked at it. Internal to shared/config.
struct Given {
  std::string name;   ///< of the option, as written: may be unknown
  std::string value;  ///< empty: none was given
  std::string where;  ///< as in Problem
};

struct CommandLine {
  std::vector<Given> given;
  std::string command;
  std::optional<std::string> config_file;
  bool help = false;
  bool version = false;
  bool check = false;
  std::vector<Problem> problems;
};

/// Takes the arguments apart; values are not looked at.
CommandLine read_command_line(const OptionTable& table, const std::vector<std::string>& arguments);

/// The keys of a TOML file that consists of `key = value` lines, with strings, integers and
/// booleans: all that the options need. Everything else is a problem that names the line.
std::vector<Given> read_file(const std::string& path, std::vector<Problem>& problems);

/// The name of `names` that `text` was probably meant to be, or empty.
std::string nearest(const std::string& text, const std::vector<std::string>& names);

}  // namespace stampede::config
