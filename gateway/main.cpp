// The gateway in a page: read the configuration, build, listen, run until told to stop.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "gateway/app.h"
#include "gateway/config/config.h"
#include "shared/auth/hash_password.h"
#include "shared/base/log.h"

int main(int argc, char** argv) {
  using namespace stampede;

  const auto parsed = gateway::load_config(config::Invocation::of_process(argc, argv));
  if (const auto status = parsed.conclude()) return *status;
  if (parsed.action == config::Action::kHashPassword) {
    return auth::hash_password(STDIN_FILENO, stdout, stderr);
  }
  start_logging(parsed.config.log_level, parsed.config.log_format);
  for (const std::string& warning : parsed.warnings) log_warn(warning);

  const auto app = gateway::App::build(parsed.config);
  if (!app) {
    log_error("gateway cannot start", {{"reason", app.error().detail}});
    return EXIT_FAILURE;
  }
  if (const auto listening = (*app)->listen(); !listening) {
    log_error("gateway cannot start", {{"reason", listening.error().detail}});
    return EXIT_FAILURE;
  }
  (*app)->run();
  return EXIT_SUCCESS;
}
