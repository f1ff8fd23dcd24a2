#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "shared/auth/auth_options.h"
#include "shared/base/clock.h"
#include "shared/base/ip_address.h"
#include "shared/base/log.h"
#include "shared/config/endpoint.h"
#include "shared/config/option_table.h"
#include "shared/config/parsed.h"
#include "shared/sockets/tls_options.h"

namespace stampede::worker {

/// How one worker runs. The initial values are the defaults; `options` says what each means.
struct WorkerConfig {
  config::Endpoint listen{"127.0.0.1", 8090};
  config::Endpoint metrics_listen{"127.0.0.1", 9465};
  sockets::TlsOptions tls;                   ///< for --listen
  std::vector<std::string> allowed_origins;  ///< empty: see http::OriginPolicy
  std::vector<IpNetwork> trusted_proxies;

  auth::AuthOptions auth;

  std::string amqp_url;
  std::string redis_url;
  std::string database_url;

  std::size_t batch_rows = 1000;
  Milliseconds batch_wait{5};
  std::size_t prefetch = 4000;
  std::size_t database_readers = 2;

  Milliseconds sweep_interval{5'000};  ///< 0: this worker does not sweep
  Milliseconds sweep_quiet{10'000};

  Milliseconds drain_timeout{10'000};

  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
};

/// The option table over `config`, which outlives it. Names, units, defaults and help for the
/// command line and docs/configuration.md come from here only.
config::OptionTable options(WorkerConfig& config);

/// Flag > environment > file > default. `migrate` needs the database only.
config::Parsed<WorkerConfig> load_config(const config::Invocation& invocation);

}  // namespace stampede::worker
