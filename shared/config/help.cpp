// --help and docs/configuration.md from the same table.
#include <algorithm>

#include "shared/config/option_table.h"

namespace stampede::config {
namespace {

constexpr std::size_t kColumn = 32;  ///< where the help of an option starts
constexpr std::size_t kWidth = 100;

/// `text` in lines of at most `kWidth`, each but the first indented.
std::string wrapped(const std::string& text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find(' ', start), text.size());
    if (column > indent && column + 1 + (end - start) > kWidth) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out.append(text, start, end - start);
    column += end - start;
    start = end + 1;
  }
  return out + "\n";
}

std::string entry(const std::string& left, const std::string& help) {
  std::string line = "  " + left;
  if (line.size() + 2 > kColumn) {
    line += "\n" + std::string(kColumn, ' ');
  } else {
    line.append(kColumn - line.size(), ' ');
  }
  return line + wrapped(help, kColumn);
}

/// "[default: 64; 1 to 1000]", or nothing.
std::string bounds(const Option& option) {
  std::string inside;
  if (!option.shown_default.empty()) inside = "default: " + option.shown_default;
  if (!option.value.allowed.empty()) inside += (inside.empty() ? "" : "; ") + option.value.allowed;
  return inside.empty() ? "" : " [" + inside + "]";
}

std::string spelled(const Option& option) {
  return option.value.flag ? option.flag() : option.flag() + " " + option.value.unit;
}

std::string code(const std::string& text) { return text.empty() ? "" : "`" + text + "`"; }

constexpr const char* kUnits =
    "A DURATION is written like 250ms, 10s, 2m or 1h, a SIZE like 512, 64KiB or 16MiB.";

}  // namespace

std::string help_text(const OptionTable& table) {
  std::string text = "Usage: " + table.program() + " [OPTIONS]";
  if (!table.commands().empty()) text += " [COMMAND]";
  text += "\n\n" + wrapped(table.about(), 0);
  text += "\n" + wrapped("Every option can also be given as an environment variable (--" +
                             table.options().front().name + " as " +
                             table.options().front().environment() + ") or in a TOML file (" +
                             table.options().front().name +
                             " = \"…\"). The command line wins over the environment, the "
                             "environment over the file. " +
                             kUnits,
                         0);
  if (!table.commands().empty()) text += "\nCommands:\n";
  for (const Command& command : table.commands()) text += entry(command.name, command.help);
  std::string group;
  for (const Option& option : table.options()) {
    if (option.group != group) text += "\n" + option.group + ":\n";
    group = option.group;
    text += entry(spelled(option), option.help + bounds(option));
  }
  text += "\nThis program:\n";
  text += entry("--config PATH", "The TOML file to read.");
  text +=
      entry("--check-config", "Print every problem of the configuration, or the values in use.");
  text += entry("-h, --help", "Print this.");
  text += entry("--version", "Print the version.");
  return text;
}

std::string help_markdown(const OptionTable& table) {
  std::string text = "## " + table.program() + "\n\n" + table.about() + "\n";
  for (const Command& command : table.commands()) {
    text += "\n`" + table.program() + " " + command.name + "`: " + command.help + "\n";
  }
  std::string group;
  for (const Option& option : table.options()) {
    if (option.group != group) {
      text += "\n### " + option.group +
              "\n\n| option | environment | default | allowed | meaning |\n"
              "|---|---|---|---|---|\n";
    }
    group = option.group;
    text += "| `" + spelled(option) + "` | `" + option.environment() + "` | " +
            code(option.shown_default) + " | " + option.value.allowed + " | " + option.help +
            " |\n";
  }
  return text;
}

}  // namespace stampede::config
