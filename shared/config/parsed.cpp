#include "shared/config/parsed.h"

#include <unistd.h>

#include <array>
#include <iostream>

extern char** environ;

namespace stampede::config {

Invocation Invocation::of_process(int argc, const char* const* argv) {
  Invocation invocation;
  for (int i = 1; i < argc; ++i) invocation.arguments.emplace_back(argv[i]);
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string variable(*entry);
    const std::size_t equals = variable.find('=');
    if (equals != std::string::npos) {
      invocation.environment.emplace(variable.substr(0, equals), variable.substr(equals + 1));
    }
  }
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0) invocation.host_name = host.data();
  invocation.process_id = ::getpid();
  return invocation;
}

std::optional<int> conclude(Action action, const std::vector<Problem>& problems,
                            const std::string& text) {
  if (!problems.empty()) {
    std::cerr << "The configuration has " << problems.size()
              << (problems.size() == 1 ? " problem:\n" : " problems:\n");
    for (const Problem& problem : problems) {
      std::cerr << "  " << problem.where << ": " << problem.text << "\n";
    }
    return 2;
  }
  if (action == Action::kHelp || action == Action::kVersion || action == Action::kCheck) {
    std::cout << text << std::flush;
    return 0;
  }
  return std::nullopt;
}

}  // namespace stampede::config
