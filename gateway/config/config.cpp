#include "gateway/config/config.h"

#include <algorithm>

#include "shared/config/list_value.h"
#include "shared/config/load.h"

namespace stampede::gateway {
namespace {

using config::OptionTable;
using config::Problem;
using Minutes = std::chrono::minutes;

void add_listening(OptionTable& table, GatewayConfig& c) {
  table.group("Listening")
      .add("listen", config::endpoint_value(c.listen),
           "Where clients connect. Port 0 takes a free one.")
      .add("stomp-tcp", config::endpoint_value(c.stomp_tcp),
           "Where clients connect that speak STOMP without WebSocket; 61613 is the usual port. Off "
           "unless given.")
      .add("metrics-listen", config::endpoint_value(c.metrics_listen),
           "Where /metrics, /healthz and /readyz are.")
      .add("allowed-origins", config::origins_value(c.allowed_origins),
           "Web pages that may connect, by their exact origin; * is all. Without it those of the "
           "host that the request names and, listening on loopback, of this machine.")
      .add("virtual-hosts", config::hosts_value(c.virtual_hosts),
           "What a CONNECT's host header may say; any without it. None given is always fine.")
      .add("web-root", config::path_value(c.web_root),
           "Directory of the chat page, served at /. None is served without it.")
      .add("name", config::name_value(c.name),
           "Name of this gateway in logs and in the cluster; unique there.", "<host>-<process id>")
      .add("shards", config::count_value(c.shards, 0, 256),
           "Threads that serve clients; 0 is one for each core. A single one also has the "
           "connections to the servers.");
}

void add_servers(OptionTable& table, GatewayConfig& c) {
  table.group("Cluster or embedded")
      .add("amqp-url", config::url_value(c.amqp_url, {"amqp", "amqps"}),
           "RabbitMQ. With neither this nor --redis-url the gateway is embedded: one process that "
           "needs no server.")
      .add("redis-url", config::url_value(c.redis_url, {"redis", "rediss"}),
           "Redis. Needs --amqp-url too.")
      .add("history-url", config::url_value(c.history_url, {"http"}),
           "REST API of a worker, or of what stands in front of several, without a path: stored "
           "messages for clients that come back. Without it no more than --recent-messages of a "
           "room can be replayed.")
      .add("data-dir", config::path_value(c.data_dir),
           "Where the embedded gateway stores messages. Not used in a cluster.");
}

void add_compression(OptionTable& table, GatewayConfig& c) {
  table.group("Compression")
      .add("ws-deflate", config::flag_value(c.ws_deflate),
           "Agree on permessage-deflate with WebSocket clients that offer it.")
      .add("ws-deflate-level", config::count_value(c.ws_deflate_level, 1, 9),
           "1 is fastest, 9 is smallest.")
      .add("ws-deflate-min", config::size_value(c.ws_deflate_min_bytes, 1, 64UL << 20U),
           "Frames smaller than this are sent as they are.");
}

void add_times(OptionTable& table, GatewayConfig& c) {
  const Milliseconds least(100);
  const Milliseconds most = Minutes(10);
  table.group("Times")
      .add("connect-timeout", config::duration_value(c.connect_timeout, least, most),
           "From the handshake of a connection, or its begin where there is none, to its CONNECT "
           "frame.")
      .add("request-timeout", config::duration_value(c.limits.request_timeout, least, most),
           "For one HTTP request to arrive; an upgrade's time begins with the connection.")
      .add("heart-beat", config::duration_value(c.heart_beat, Milliseconds(0), most),
           "Heart-beats that the server offers to send and wants to get; 0 is none.")
      .add("bind-timeout", config::duration_value(c.bind_timeout, least, most),
           "How long a SUBSCRIBE waits for the broker before it fails.")
      .add("drain-timeout", config::duration_value(c.drain_timeout, Milliseconds(0), most),
           "How long a stopping gateway waits for what is under way.");
}

void add_rooms(OptionTable& table, GatewayConfig& c) {
  table.group("Rooms")
      .add("reorder-window",
           config::duration_value(c.reorder_window, Milliseconds(0), Milliseconds(10'000)),
           "How long a message that came early waits for those before it.")
      .add("heal-timeout",
           config::duration_value(c.heal_timeout, Milliseconds(0), Milliseconds(60'000)),
           "How long a missing message is looked for, counted from when its room last got "
           "further, before the room goes on without it.")
      .add("room-check", config::duration_value(c.room_check, Milliseconds(100), Minutes(10)),
           "How often a room's position is compared with the directory's, to find a lost last "
           "message; at most 2000 rooms a thread at once.")
      .add("ring-messages", config::count_value(c.ring_messages, 1, 100'000),
           "Recent messages of each room that every thread keeps for clients that come back.")
      .add("replay-limit", config::count_value(c.replay_limit, 1, 1'000'000),
           "Messages that a SUBSCRIBE with since or history gets at most.")
      .add("store-first", config::rooms_value(c.store_first),
           "Rooms, with * for any characters, whose messages nobody gets before they are stored: "
           "slower, and what a member sees is in the history. The same on every gateway.")
      .add(
          "store-first-timeout",
          config::duration_value(c.store_first_timeout, Milliseconds(100), Minutes(10)),
          "How long a SEND to such a room waits to be stored before it is told that its outcome is "
          "unknown, and how long such a room waits for a message that others overtook.")
      .add("presence-grace",
           config::duration_value(c.presence_grace, Milliseconds(0), Milliseconds(600'000)),
           "How long a client whose connection has ended stays a member: who is back within it has "
           "not left. Also how long the clients of a gateway that stops stay.")
      .add("presence-events", config::count_value(c.presence_events, 1, 10'000),
           "Up to so many users of a room are named to subscribers with presence:true, and each "
           "that comes or goes; of more they get the number, at most once a second.")
      .add("room-capacity", capacities_value(c.room_capacities),
           "Users that rooms may hold; the first entry that matches a room decides, and * stands "
           "for any characters.")
      .add("linger", config::duration_value(c.linger, Milliseconds(0), Minutes(60)),
           "How long a room stays bound after its last member here has left.")
      .add("max-room-bindings", config::count_value(c.max_room_bindings, 0, 10'000),
           "Bindings for single rooms in each of the 256 partitions of the room names. Where more "
           "rooms are open the gateway binds the whole partition, and drops what it has no member "
           "for.")
      .add("recent-messages", config::count_value(c.recent_messages, 1, 100'000),
           "Recent messages of each room that the directory keeps for all gateways; fewer where "
           "they "
           "are larger than 16KiB.")
      .add("message-key-ttl",
           config::duration_value(c.message_key_ttl, Milliseconds(1'000), Minutes(24 * 60)),
           "How long a SEND's message-key is remembered: a repeat within it is not a new message.");
}

void add_logging(OptionTable& table, GatewayConfig& c) {
  table.group("Log")
      .add("log-level", config::log_level_value(c.log_level), "What is logged, and all above it.")
      .add("log-format", config::log_format_value(c.log_format), "Form of a log line.");
}

void check_doors(const GatewayConfig& c, const OptionTable& table, std::vector<Problem>& problems) {
  std::vector<auth::Door> doors{{"listen", c.listen}};
  if (c.stomp_tcp) doors.push_back({"stomp-tcp", *c.stomp_tcp});
  auth::check_doors(c.auth, doors, table, problems);
  auth::check_auth_options(c.auth, table, problems);
  if (c.auth.enabled() && !c.history_url.empty() && c.auth.admin_key_file.empty()) {
    problems.push_back({table.at("history-url").where(),
                        "workers that clients log in to give history to whoever has their "
                        "administrator's key; give --admin-key-file too"});
  }
}

/// Two doors cannot have one address.
void check_addresses(const GatewayConfig& c, const OptionTable& table,
                     std::vector<Problem>& problems) {
  const auto check = [&](const char* option, const config::Endpoint& endpoint, const char* other,
                         const config::Endpoint& taken) {
    if (endpoint.port == 0 || endpoint != taken) return;
    problems.push_back({table.at(option).where(),
                        "\"" + to_string(endpoint) + "\" is --" + other + "'s address already"});
  };
  check("metrics-listen", c.metrics_listen, "listen", c.listen);
  if (!c.stomp_tcp) return;
  check("stomp-tcp", *c.stomp_tcp, "listen", c.listen);
  check("stomp-tcp", *c.stomp_tcp, "metrics-listen", c.metrics_listen);
}

void check_together(const GatewayConfig& c, const OptionTable& table,
                    std::vector<Problem>& problems) {
  check_doors(c, table, problems);
  check_addresses(c, table, problems);
  sockets::check_tls(c.tls, table, problems);
  const config::Option& amqp = table.at("amqp-url");
  const config::Option& redis = table.at("redis-url");
  if (amqp.source.empty() != redis.source.empty()) {
    const bool lacks_redis = redis.source.empty();
    problems.push_back({lacks_redis ? amqp.where() : redis.where(),
                        std::string("a cluster needs both servers; give ") +
                            (lacks_redis ? "--redis-url" : "--amqp-url") +
                            " too, or neither for an embedded gateway"});
  }
  const config::Option& history = table.at("history-url");
  if (c.embedded() && !history.source.empty()) {
    problems.push_back({history.where(),
                        "an embedded gateway stores its messages itself; leave --history-url out, "
                        "or give --amqp-url and --redis-url"});
  }
  if (!c.embedded() && !c.store_first.empty() && history.source.empty()) {
    problems.push_back({table.at("store-first").where(),
                        "missing messages of these rooms are looked for in the history alone; give "
                        "--history-url too"});
  }
  check_limits(c.limits, table, problems);
}

/// A name that is valid whatever the host is called.
std::string default_name(const config::Invocation& invocation) {
  std::string host = invocation.host_name.substr(0, 80);
  std::replace_if(
      host.begin(), host.end(),
      [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '.' || c == '_' || c == '-');
      },
      '-');
  return (host.empty() ? "gateway" : host) + "-" + std::to_string(invocation.process_id);
}

}  // namespace

OptionTable options(GatewayConfig& config) {
  OptionTable table("stampede-gateway",
                    "Serves STOMP chat rooms over WebSocket: alone, or as one of many gateways.");
  table.command("hash-password",
                "Read a passcode, print its hash for a line of --users-file, and exit.");
  add_listening(table, config);
  sockets::add_tls_options(table, config.tls);
  add_servers(table, config);
  auth::add_auth_options(table, config.auth);
  add_limit_options(table, config.limits);
  add_compression(table, config);
  add_times(table, config);
  add_rooms(table, config);
  add_logging(table, config);
  return table;
}

config::Parsed<GatewayConfig> load_config(const config::Invocation& invocation) {
  config::Parsed<GatewayConfig> parsed;
  OptionTable table = options(parsed.config);
  parsed.config.name = default_name(invocation);
  auto loaded = config::load(
      table, invocation,
      [&](const OptionTable& filled, std::string_view command, std::vector<Problem>& problems) {
        if (command.empty()) check_together(parsed.config, filled, problems);
      });
  parsed.action = loaded.action;
  parsed.problems = std::move(loaded.problems);
  parsed.warnings = std::move(loaded.warnings);
  parsed.text = std::move(loaded.text);
  return parsed;
}

}  // namespace stampede::gateway
