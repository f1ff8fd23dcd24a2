// Wiring of one shard, from the socket to the ports.
#include "gateway/app_shard.h"

#include <algorithm>

#include "gateway/session/session.h"

namespace stampede::gateway {
namespace {

/// How often the end of the last client is looked for while draining.
constexpr Milliseconds kDrainPoll{10};

RoomRegistry::Options room_options(const GatewayConfig& config) {
  RoomRegistry::Options options;
  options.reorder_window = config.reorder_window;
  options.heal_limit = config.replay_limit;
  options.heal_timeout = config.heal_timeout;
  options.check_interval = config.room_check;
  options.store_first = config.store_first;
  options.store_first_patience = std::max(config.store_first_timeout, config.heal_timeout);
  options.presence_grace = config.presence_grace;
  options.most_listed = config.presence_events;
  options.capacity = [&config](const RoomName& room) { return config.room_capacities.of(room); };
  options.presence.reorder_window = config.reorder_window;
  options.ring.messages = config.ring_messages;
  options.replay.limit = config.replay_limit;
  options.replay.patience = std::min(config.heal_timeout, options.replay.patience);
  return options;
}

SessionLimits session_limits(const GatewayConfig& config) {
  const LimitOptions& from = config.limits;
  SessionLimits limits;
  limits.decoder.max_body_bytes = from.max_body_bytes;
  limits.decoder.max_headers = from.max_headers;
  limits.decoder.max_header_bytes = from.max_header_bytes;
  limits.max_connect_bytes = from.max_connect_bytes;
  limits.max_unacknowledged_bytes =
      std::max(from.max_unacknowledged_bytes, 4 * from.max_body_bytes);
  limits.max_transactions = from.max_transactions;
  limits.max_transaction_frames = from.max_transaction_frames;
  limits.max_transaction_bytes =
      std::max(from.max_transaction_bytes, from.max_body_bytes + from.max_header_bytes);
  limits.max_subscriptions = from.max_subscriptions;
  limits.max_in_flight = from.max_in_flight;
  limits.max_in_flight_bytes = from.max_in_flight_bytes;
  limits.rates.session = {from.max_rate, from.rate_burst};
  limits.rates.user = {from.max_user_rate, from.rate_burst};
  limits.rates.patience = from.rate_patience;
  limits.virtual_hosts = config.virtual_hosts;
  limits.replay_window_bytes = std::min(limits.replay_window_bytes, from.outbox_bytes / 4);
  limits.max_replay = config.replay_limit;
  limits.connect_timeout = config.connect_timeout;
  limits.heart_beat = config.heart_beat;
  // A refusal that is held back is no reason to say anything else.
  limits.login_timeout = config.connect_timeout + config.auth.login_delay_max;
  limits.token_grace = config.auth.token_grace;
  return limits;
}

http::OriginPolicy origin_policy(const GatewayConfig& config) {
  return {config.allowed_origins, config.listen.loopback()};
}

NetOptions net_options(const GatewayConfig& config, ClientBounds& bounds) {
  NetOptions options;
  options.outbox_bytes = config.limits.outbox_bytes;
  options.addresses = &bounds.addresses;
  options.websocket.max_frame_bytes = config.limits.ws_frame_bytes();
  options.websocket.max_message_bytes = config.limits.ws_message_bytes();
  options.websocket.max_fragments = config.limits.max_fragments;
  options.origins = origin_policy(config);
  options.deflate = {config.ws_deflate, static_cast<int>(config.ws_deflate_level),
                     config.ws_deflate_min_bytes};
  return options;
}

http::ServerOptions server_options(const ShardParts& parts) {
  const GatewayConfig& config = parts.config;
  http::ServerOptions options;
  options.name = "client";
  options.address = config.listen.address;
  options.port = config.listen.port;
  options.reuse_port = true;
  options.addresses = &parts.bounds.addresses;
  options.max_headers = config.limits.max_http_headers;
  options.max_header_bytes = config.limits.max_http_header_bytes;
  options.request_deadline = config.limits.request_timeout;
  options.tls = parts.tls;
  options.handshake_deadline = config.tls.handshake_timeout;
  return options;
}

sockets::ListenOptions tcp_options(const config::Endpoint& listen) {
  sockets::ListenOptions options;
  options.name = "stomp-tcp";
  options.address = listen.address;
  options.port = listen.port;
  options.reuse_port = true;
  return options;
}

std::shared_ptr<sockets::TlsHandshakes> tcp_handshakes(Loop& loop, const ShardParts& parts) {
  if (!parts.tls) return nullptr;
  return std::make_shared<sockets::TlsHandshakes>(
      loop, parts.tls,
      sockets::TlsHandshakes::Options{"stomp-tcp", parts.config.tls.handshake_timeout},
      parts.metrics);
}

}  // namespace

AppShard::AppShard(Loop& loop, std::size_t index, const ShardParts& parts)
    : loop_(loop),
      wheel_(system_clock()),
      rooms_(loop_, system_clock(), room_options(parts.config), parts.backends.directory(),
             parts.backends.presence(), parts.backlog, parts.dispatcher, parts.fanout,
             parts.metrics),
      publisher_(loop_, system_clock(), rooms_.shard(), parts.backends.directory(),
                 parts.backends.feed(), parts.backends.bus(), parts.fanout, rooms_, parts.metrics,
                 {parts.config.store_first, parts.config.store_first_timeout}),
      queues_(loop_, parts.backends.users(), parts.metrics),
      direct_(loop_, rooms_.shard(), parts.gateway, parts.backends.users(), parts.backends.bus(),
              parts.fanout, queues_, parts.metrics),
      roster_(loop_),
      context_{loop_,
               system_clock(),
               wheel_,
               rooms_,
               publisher_,
               queues_,
               direct_,
               parts.admission,
               roster_,
               parts.gateway,
               session_limits(parts.config),
               SessionMetrics(parts.metrics),
               &parts.bounds.rates},
      session_prefix_(parts.gateway.str() + "/" + std::to_string(index) + "."),
      net_(loop_, wheel_, net_options(parts.config, parts.bounds), parts.bounds.connections,
           parts.metrics),
      entry_(net_, session_factory()),
      server_(loop_, server_options(parts), make_router(parts), parts.metrics),
      ticker_(loop_, wheel_.tick(), [this] {
        wheel_.advance();
        net_.publish_counts();
      }) {
  parts.fanout.attach_addressed(rooms_.shard(), [this](const std::vector<MessageRef>& batch) {
    queues_.deliver(batch);
    publisher_.settle(batch);
  });
  server_.upgrade("/ws",
                  [this](http::UpgradeRequest request) { entry_.accept(std::move(request)); });
  if (const auto& listen = parts.config.stomp_tcp) {
    tcp_entry_ = std::make_unique<TcpEntry>(net_, tcp_options(*listen), session_factory(),
                                            tcp_handshakes(loop_, parts));
  }
}

Result<void> AppShard::listen() {
  if (auto listening = server_.listen(); !listening || !tcp_entry_) return listening;
  return tcp_entry_->listen();
}

std::shared_ptr<const http::Router> AppShard::make_router(const ShardParts& parts) {
  auto router = std::make_shared<http::Router>();
  router->allow_pages(origin_policy(parts.config));
  parts.backends.add_routes(*router, parts.admission, loop_);
  if (parts.page) router->fallback(parts.page);
  return router;
}

SessionFactory AppShard::session_factory() {
  return [this](Transport& transport, const ConnectionInfo& info) {
    return std::make_shared<Session>(transport, context_,
                                     SessionId(session_prefix_ + std::to_string(++sessions_made_)),
                                     std::string(info.authorization));
  };
}

void AppShard::review() {
  loop_.post([this] { roster_.review_all(); });
}

void AppShard::drain(Task done) {
  loop_.post([this, done = std::move(done)] {
    server_.stop_accepting();
    if (tcp_entry_) tcp_entry_->stop_accepting();
    net_.shut_down();
    await_end(done);
  });
}

void AppShard::await_end(const Task& done) {
  const std::size_t in_flight = publisher_.in_flight() + direct_.in_flight();
  if (net_.connections() == 0 && in_flight == 0) return done();
  loop_.post_after(kDrainPoll, [this, done] { await_end(done); });
}

}  // namespace stampede::gateway
