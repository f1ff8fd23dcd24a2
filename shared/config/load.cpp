// Later sources overwrite earlier ones in the same variables; a bad value that is overwritten is
// still a mistake somebody should know of, so it is reported too.
#include "shared/config/load.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "shared/base/version.h"
#include "shared/config/sources.h"

namespace stampede::config {
namespace {

std::string quoted(std::string_view value) {
  std::string text = "\"";
  for (const char c : value.substr(0, 100)) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(byte < 0x20 || byte == 0x7f ? '?' : c);
  }
  return text + (value.size() > 100 ? "…\"" : "\"");
}

/// Gives one value to its option.
void apply(Option& option, const Given& given, std::vector<Problem>& problems) {
  option.source = given.where;
  if (given.value.empty()) {
    problems.push_back({given.where, "needs a value: " + option.value.unit});
    return;
  }
  const auto parsed = option.value.parse(given.value);
  if (parsed) return;
  const std::string value = option.value.credential ? "" : quoted(given.value) + ": ";
  problems.push_back({given.where, value + parsed.error().detail});
}

/// Gives all values of one source.
void apply_all(OptionTable& table, const std::vector<Given>& source,
               std::vector<Problem>& problems) {
  std::map<std::string, std::string> seen;  // name -> where
  for (const Given& given : source) {
    Option* option = table.find(given.name);
    if (option == nullptr) {
      std::vector<std::string> names;
      for (const Option& known : table.options()) names.push_back(known.name);
      const std::string meant = nearest(given.name, names);
      problems.push_back(
          {given.where, "no such option; " +
                            (meant.empty() ? "--help lists all" : "did you mean " + meant + "?")});
      continue;
    }
    const auto [first, fresh] = seen.emplace(given.name, given.where);
    if (!fresh) {
      problems.push_back({given.where, "given twice" + (first->second == given.where
                                                            ? std::string()
                                                            : "; first at " + first->second)});
      continue;
    }
    apply(*option, given, problems);
  }
}

/// The variables that are set and not empty: an empty one counts as not given, because many tools
/// cannot leave one out.
std::vector<Given> read_environment(const OptionTable& table, const Invocation& invocation) {
  std::vector<Given> all;
  for (const Option& option : table.options()) {
    const auto found = invocation.environment.find(option.environment());
    if (found != invocation.environment.end() && !found->second.empty()) {
      all.push_back({option.name, found->second, option.environment()});
    }
  }
  return all;
}

/// A variable that is nearly one of ours is a typo and a problem. Others of our prefix may be meant
/// for a sibling program or come from the platform: a warning.
void check_environment_names(const OptionTable& table, const Invocation& invocation,
                             Loaded& loaded) {
  std::vector<std::string> known{"STAMPEDE_CONFIG"};
  for (const Option& option : table.options()) known.push_back(option.environment());
  std::string others;
  for (const auto& [name, value] : invocation.environment) {
    if (!name.starts_with("STAMPEDE_")) continue;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string meant = nearest(name, known);
    if (!meant.empty()) {
      loaded.problems.push_back({name, "no such variable; did you mean " + meant + "?"});
    } else {
      others += (others.empty() ? "" : ", ") + name;
    }
  }
  if (!others.empty()) {
    loaded.warnings.push_back("environment variables without a meaning here: " + others);
  }
}

std::string effective_values(const OptionTable& table) {
  std::size_t width = 0;
  std::size_t value_width = 0;
  for (const Option& option : table.options()) {
    width = std::max(width, option.name.size());
    value_width = std::max(value_width, std::min<std::size_t>(option.value.show().size(), 40));
  }
  std::string text = "configuration ok\n";
  for (const Option& option : table.options()) {
    std::string value = option.value.show();
    if (value.empty()) value = "-";
    text += option.name + std::string(width - option.name.size(), ' ') + " = " + value;
    if (value.size() < value_width) text.append(value_width - value.size(), ' ');
    text += "  # " + (option.source.empty() ? "default" : option.source) + "\n";
  }
  return text;
}

std::optional<std::string> config_file(const CommandLine& line, const Invocation& invocation) {
  if (line.config_file) return line.config_file;
  const auto found = invocation.environment.find("STAMPEDE_CONFIG");
  if (found == invocation.environment.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

}  // namespace

std::string nearest(const std::string& text, const std::vector<std::string>& names) {
  std::string best;
  std::size_t best_distance = 3;  // two mistakes at most
  for (const std::string& name : names) {
    // Levenshtein, one row at a time.
    std::vector<std::size_t> row(name.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= text.size(); ++i) {
      std::size_t diagonal = std::exchange(row[0], i);
      for (std::size_t j = 1; j <= name.size(); ++j) {
        const std::size_t substituted = diagonal + (text[i - 1] == name[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = name;
    }
  }
  return best;
}

Problem missing(const Option& option, std::string_view example) {
  return {option.flag(), "is required; give " + option.flag() + ", " + option.environment() +
                             " or " + option.name + " in the file, like " + std::string(example)};
}

Loaded load(OptionTable& table, const Invocation& invocation, const CrossCheck& check) {
  Loaded loaded;
  CommandLine line = read_command_line(table, invocation.arguments);
  loaded.command = line.command;
  if (line.help) {
    loaded.action = Action::kHelp;
    loaded.text = help_text(table);
    return loaded;
  }
  if (line.version) {
    loaded.action = Action::kVersion;
    loaded.text = table.program() + " " + std::string(version()) + "\n";
    return loaded;
  }
  loaded.problems = std::move(line.problems);
  if (const auto file = config_file(line, invocation)) {
    apply_all(table, read_file(*file, loaded.problems), loaded.problems);
  }
  check_environment_names(table, invocation, loaded);
  apply_all(table, read_environment(table, invocation), loaded.problems);
  apply_all(table, line.given, loaded.problems);
  check(table, loaded.command, loaded.problems);
  if (line.check) {
    loaded.action = Action::kCheck;
    if (loaded.problems.empty()) loaded.text = effective_values(table);
  } else if (loaded.command == "migrate") {
    loaded.action = Action::kMigrate;
  } else if (loaded.command == "hash-password") {
    loaded.action = Action::kHashPassword;
  }
  return loaded;
}

}  // namespace stampede::config
