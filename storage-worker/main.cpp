// The worker in a page: read the configuration, migrate or build, listen, run until told to stop.
#include <cstdio>
#include <cstdlib>

#include "shared/base/log.h"
#include "storage-worker/app.h"
#include "storage-worker/config/config.h"

namespace {

int fail(const char* event, const stampede::Error& error) {
  stampede::log_error(event, {{"reason", error.detail}});
  return EXIT_FAILURE;
}

int migrate_database(const stampede::worker::WorkerConfig& config) {
  const auto applied = stampede::worker::migrate(config);
  if (!applied) return fail("the database was not migrated", applied.error());
  std::printf("%d migration%s applied; the schema is up to date\n", *applied,
              *applied == 1 ? "" : "s");
  return EXIT_SUCCESS;
}

int run_worker(const stampede::worker::WorkerConfig& config) {
  const auto app = stampede::worker::App::build(config);
  if (!app) return fail("worker cannot start", app.error());
  if (const auto listening = (*app)->listen(); !listening) {
    return fail("worker cannot start", listening.error());
  }
  (*app)->run();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace stampede;

  const auto parsed = worker::load_config(config::Invocation::of_process(argc, argv));
  if (const auto status = parsed.conclude()) return *status;
  start_logging(parsed.config.log_level, parsed.config.log_format);
  for (const std::string& warning : parsed.warnings) log_warn(warning);

  return parsed.action == config::Action::kMigrate ? migrate_database(parsed.config)
                                                   : run_worker(parsed.config);
}
