#include "storage-worker/config/config.h"

#include "shared/config/list_value.h"
#include "shared/config/load.h"

namespace stampede::worker {
namespace {

using config::OptionTable;
using config::Problem;

void check_together(const WorkerConfig& c, const OptionTable& table, std::string_view command,
                    std::vector<Problem>& problems) {
  const auto require = [&](std::string_view name, std::string_view example) {
    if (table.at(name).source.empty()) problems.push_back(missing(table.at(name), example));
  };
  require("database-url", "postgresql://stampede@127.0.0.1:5432/stampede");
  if (command == "migrate") return;
  sockets::check_tls(c.tls, table, problems);
  auth::check_auth_options(c.auth, table, problems);
  auth::check_doors(c.auth, {{"listen", c.listen}}, table, problems);
  require("amqp-url", "amqp://guest:guest@127.0.0.1:5672");
  require("redis-url", "redis://127.0.0.1:6379");
  if (c.listen.port != 0 && c.listen == c.metrics_listen) {
    problems.push_back({table.at("metrics-listen").where(),
                        "\"" + to_string(c.metrics_listen) + "\" is --listen's address already"});
  }
  if (c.prefetch < c.batch_rows) {
    problems.push_back({table.at("prefetch").where(),
                        std::to_string(c.prefetch) + " can never fill a batch of --batch-rows " +
                            std::to_string(c.batch_rows) + "; give at least that many"});
  }
}

}  // namespace

OptionTable options(WorkerConfig& config) {
  const Milliseconds none(0);
  const Milliseconds minutes = std::chrono::minutes(10);
  OptionTable table("stampede-worker",
                    "Stores the messages of all rooms in PostgreSQL and serves their history.");
  table.command("migrate",
                "Bring the database's schema up to date and exit. Needs --database-url only.");
  table.group("Listening")
      .add("listen", config::endpoint_value(config.listen),
           "Where the REST API is. Port 0 takes a free one.")
      .add("metrics-listen", config::endpoint_value(config.metrics_listen),
           "Where /metrics, /healthz and /readyz are.")
      .add("allowed-origins", config::origins_value(config.allowed_origins),
           "Web pages that may read answers, by their exact origin; * is all. Without it those of "
           "the host that the request names and, listening on loopback, of this machine.")
      .add("trusted-proxies", config::networks_value(config.trusted_proxies),
           "Proxies whose X-Forwarded-For says which address a client has: refused logins are "
           "counted by it.");
  sockets::add_tls_options(table, config.tls);
  auth::add_auth_options(table, config.auth);
  table.group("Servers")
      .add("amqp-url", config::url_value(config.amqp_url, {"amqp", "amqps"}), "RabbitMQ. Required.")
      .add("redis-url", config::url_value(config.redis_url, {"redis", "rediss"}),
           "Redis. Required.")
      .add("database-url", config::url_value(config.database_url, {"postgresql", "postgres"}),
           "PostgreSQL. Required.");
  table.group("Storing")
      .add("batch-rows", config::count_value(config.batch_rows, 1, 10'000),
           "Messages stored in one transaction, at most.")
      .add("batch-wait", config::duration_value(config.batch_wait, none, std::chrono::seconds(10)),
           "How long a message waits for others to be stored with.")
      .add("prefetch", config::count_value(config.prefetch, 1, 65'535),
           "Deliveries that the broker hands to this worker before they are stored: messages, or "
           "parcels of up to 256 messages and 32 KiB.")
      .add("database-readers", config::count_value(config.database_readers, 1, 64),
           "Connections to PostgreSQL that serve history.")
      .add("sweep-interval",
           config::duration_value(config.sweep_interval, none, std::chrono::hours(1)),
           "How often one of the workers looks for messages that were never stored because their "
           "gateway died. 0: this worker does not.")
      .add("sweep-quiet",
           config::duration_value(config.sweep_quiet, std::chrono::seconds(1),
                                  std::chrono::hours(1)),
           "How old a message is before it is missed.")
      .add("drain-timeout", config::duration_value(config.drain_timeout, none, minutes),
           "How long a stopping worker waits for what is under way.");
  table.group("Log")
      .add("log-level", config::log_level_value(config.log_level),
           "What is logged, and all above it.")
      .add("log-format", config::log_format_value(config.log_format), "Form of a log line.");
  return table;
}

config::Parsed<WorkerConfig> load_config(const config::Invocation& invocation) {
  config::Parsed<WorkerConfig> parsed;
  OptionTable table = options(parsed.config);
  auto loaded = config::load(
      table, invocation,
      [&](const OptionTable& filled, std::string_view command, std::vector<Problem>& problems) {
        check_together(parsed.config, filled, command, problems);
      });
  parsed.action = loaded.action;
  parsed.problems = std::move(loaded.problems);
  parsed.warnings = std::move(loaded.warnings);
  parsed.text = std::move(loaded.text);
  return parsed;
}

}  // namespace stampede::worker
