#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shared/config/value.h"

namespace stampede::config {

/// One thing that can be configured: `--name`, `STAMPEDE_NAME`, `name = …` in the file.
struct Option {
  std::string name;   ///< "max-body"
  std::string group;  ///< heading in the help
  Value value;
  std::string help;           ///< one or two sentences
  std::string shown_default;  ///< empty: none
  std::string source;         ///< what set it last: "--listen", "STAMPEDE_LISTEN"; empty: default

  [[nodiscard]] std::string flag() const { return "--" + name; }
  [[nodiscard]] std::string environment() const;  ///< "STAMPEDE_MAX_BODY"
  /// For problems that are found later than the value: what set it, or the flag that would.
  [[nodiscard]] std::string where() const { return source.empty() ? flag() : source; }
};

/// A word on the command line that makes the program do something else: `migrate`.
struct Command {
  std::string name;
  std::string help;
};

/// Everything one program can be told, and the single source of its help and documentation.
class OptionTable {
 public:
  /// `about` is one sentence.
  OptionTable(std::string program, std::string about);

  /// Options added from here on stand under this heading.
  OptionTable& group(std::string title);
  /// The default is what the value's variable holds now; `shown_default` says it where the variable
  /// cannot.
  OptionTable& add(std::string name, Value value, std::string help, std::string shown_default = {});
  OptionTable& command(std::string name, std::string help);

  [[nodiscard]] const std::string& program() const noexcept { return program_; }
  [[nodiscard]] const std::string& about() const noexcept { return about_; }
  [[nodiscard]] std::vector<Option>& options() noexcept { return options_; }
  [[nodiscard]] const std::vector<Option>& options() const noexcept { return options_; }
  [[nodiscard]] const std::vector<Command>& commands() const noexcept { return commands_; }

  /// Null when there is no such option.
  [[nodiscard]] Option* find(std::string_view name);
  /// For names that the program itself uses: one that is not there is a mistake in it, and throws
  /// std::logic_error.
  [[nodiscard]] const Option& at(std::string_view name) const;

 private:
  std::string program_;
  std::string about_;
  std::string group_;
  std::vector<Option> options_;
  std::vector<Command> commands_;
};

/// What `--help` prints.
std::string help_text(const OptionTable& table);
/// The program's part of docs/configuration.md.
std::string help_markdown(const OptionTable& table);

}  // namespace stampede::config
