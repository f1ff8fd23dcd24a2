// CLI11 takes the arguments apart. Options are declared so leniently that it never throws at a
// user's mistake: its first exception would hide every later problem.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "shared/config/sources.h"

namespace stampede::config {
namespace {

/// A word in a wrong place may be a URL with a password in it.
std::string mask_if_url(const std::string& word) {
  return word.find("://") == std::string::npos ? word : mask_url(word);
}

Problem unknown(const OptionTable& table, const std::string& argument) {
  std::vector<std::string> known{"--config", "--check-config", "--help", "--version"};
  for (const Option& option : table.options()) known.push_back(option.flag());
  for (const Command& command : table.commands()) known.push_back(command.name);
  const std::string meant = nearest(argument, known);
  const std::string hint = meant.empty() ? "--help lists all" : "did you mean " + meant + "?";
  return {mask_if_url(argument),
          (argument.starts_with('-') ? "no such option; " : "not expected here; ") + hint};
}

/// A word right behind an unknown option is taken for its value and not reported again.
void report_extras(const OptionTable& table, const std::vector<std::string>& extras,
                   std::vector<Problem>& problems) {
  bool behind_unknown = false;
  for (const std::string& extra : extras) {
    const std::string argument = extra.substr(0, extra.find('='));
    const bool option = extra.starts_with('-');
    if (option || !behind_unknown) problems.push_back(unknown(table, argument));
    behind_unknown = option && argument.size() == extra.size();
  }
}

}  // namespace

CommandLine read_command_line(const OptionTable& table, const std::vector<std::string>& arguments) {
  CommandLine line;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  app.add_flag("-h,--help", line.help);
  app.add_flag("--version", line.version);
  app.add_flag("--check-config", line.check);

  std::string unused;  // CLI11 wants a variable; what was given is asked for below
  const auto lenient = [&](const std::string& flag) {
    return app.add_option(flag, unused)->expected(0, 1)->take_all();
  };
  CLI::Option* config = lenient("--config");
  std::vector<std::pair<const Option*, CLI::Option*>> declared;
  for (const Option& option : table.options()) {
    declared.emplace_back(&option,
                          option.value.flag ? app.add_flag(option.flag()) : lenient(option.flag()));
  }
  for (const Command& command : table.commands()) app.add_subcommand(command.name)->fallthrough();

  try {
    // CLI11 takes them last to first.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    line.problems.push_back({"command line", error.what()});
  }

  for (const auto& [option, results] : declared) {
    for (const std::string& value : results->results()) {
      line.given.push_back({option->name, value, option->flag()});
    }
  }
  if (config->count() > 0) line.config_file = config->results().back();
  for (const CLI::App* command : app.get_subcommands()) line.command = command->get_name();
  report_extras(table, app.remaining(true), line.problems);
  return line;
}

}  // namespace stampede::config
