#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/limits.h"
#include "gateway/config/room_capacity.h"
#include "shared/auth/auth_options.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/config/endpoint.h"
#include "shared/config/option_table.h"
#include "shared/config/parsed.h"
#include "shared/sockets/tls_options.h"

namespace stampede::gateway {

/// How one gateway runs. The initial values are the defaults; `options` says what each means.
struct GatewayConfig {
  std::string name;  ///< filled in by `load_config` when not given
  config::Endpoint listen{"127.0.0.1", 8080};
  std::optional<config::Endpoint> stomp_tcp;  ///< none: no STOMP without WebSocket
  config::Endpoint metrics_listen{"127.0.0.1", 9464};
  sockets::TlsOptions tls;                   ///< for --listen and --stomp-tcp
  std::size_t shards = 0;                    ///< 0: one per core
  std::vector<std::string> allowed_origins;  ///< empty: see http::OriginPolicy
  std::vector<std::string> virtual_hosts;    ///< empty: any
  std::string web_root;                      ///< empty: no chat page

  auth::AuthOptions auth;

  std::string amqp_url;  ///< empty, like redis_url: embedded
  std::string redis_url;
  std::string history_url;  ///< empty: the recent lists are all that can be replayed
  std::string data_dir = "./data";

  LimitOptions limits;

  bool ws_deflate = false;
  std::size_t ws_deflate_level = 1;  ///< zlib's
  std::size_t ws_deflate_min_bytes = 256;

  Milliseconds connect_timeout{10'000};
  Milliseconds heart_beat{10'000};  ///< 0: none offered, none wanted
  Milliseconds bind_timeout{10'000};
  Milliseconds drain_timeout{10'000};

  Milliseconds reorder_window{50};
  Milliseconds linger{30'000};
  std::size_t max_room_bindings = 32;  ///< of one partition
  std::size_t recent_messages = 1000;
  Milliseconds message_key_ttl{300'000};
  Milliseconds heal_timeout{10'000};
  Milliseconds room_check{5'000};
  std::size_t ring_messages = 100;
  std::vector<RoomPattern> store_first;
  Milliseconds store_first_timeout{30'000};
  std::size_t replay_limit = 10'000;

  Milliseconds presence_grace{10'000};
  std::size_t presence_events = 100;
  RoomCapacities room_capacities;

  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;

  /// Without RabbitMQ and Redis: bus, directory and store live in this process.
  [[nodiscard]] bool embedded() const noexcept { return amqp_url.empty(); }
};

/// The option table over `config`, which outlives it. Names, units, defaults and help for the
/// command line and docs/configuration.md come from here only.
config::OptionTable options(GatewayConfig& config);

/// Flag > environment > file > default.
config::Parsed<GatewayConfig> load_config(const config::Invocation& invocation);

}  // namespace stampede::gateway
