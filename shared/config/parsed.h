#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace stampede::config {

/// What a program was started with.
struct Invocation {
  std::vector<std::string> arguments;              ///< without the program's name
  std::map<std::string, std::string> environment;  ///< only STAMPEDE_* matters
  std::string host_name;
  long process_id = 0;

  static Invocation of_process(int argc, const char* const* argv);
};

/// Something in the configuration that the program cannot start with.
struct Problem {
  std::string where;  ///< "--listen", "STAMPEDE_LISTEN", "stampede.toml:3: listen"
  std::string text;   ///< the value (never of a credential) and what is allowed
};

enum class Action {
  kRun,
  kHelp,
  kVersion,
  kCheck,         ///< --check-config
  kMigrate,       ///< `stampede-worker migrate`
  kHashPassword,  ///< `stampede-gateway hash-password`
};

/// What came out of it. `config` may be used when there are no problems.
template <class Config>
struct Parsed {
  Config config;
  Action action = Action::kRun;
  std::vector<Problem> problems;      ///< all of them
  std::vector<std::string> warnings;  ///< for the log; they do not stop the program
  std::string text;                   ///< for standard output: help, version, effective values

  /// What `main` does first: prints the text, or the problems to standard error, and returns the
  /// status to exit with (0; 2 with problems); nothing when the program should go on.
  [[nodiscard]] std::optional<int> conclude() const;
};

/// `Parsed::conclude` without the type of the configuration.
std::optional<int> conclude(Action action, const std::vector<Problem>& problems,
                            const std::string& text);

template <class Config>
std::optional<int> Parsed<Config>::conclude() const {
  return config::conclude(action, problems, text);
}

}  // namespace stampede::config
