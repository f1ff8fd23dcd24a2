#include "gateway/session/session_metrics.h"

#include <string>
#include <utility>

namespace stampede::gateway {
namespace {

template <std::size_t... I>
std::array<Counter, sizeof...(I)> frame_counters(Metrics& metrics, std::index_sequence<I...>) {
  return {
      metrics.counter("stampede_gateway_frames_total", "STOMP frames of clients, by command.",
                      {{"command", std::string(to_string(static_cast<stomp::Command>(I)))}})...};
}

template <std::size_t... I>
std::array<Counter, sizeof...(I)> connect_counters(Metrics& metrics, std::index_sequence<I...>) {
  return {
      metrics.counter("stampede_gateway_connects_total", "STOMP sessions begun, by version.",
                      {{"version", std::string(to_string(static_cast<stomp::Version>(I)))}})...};
}

Counter refused_counter(Metrics& metrics, const char* verb) {
  return metrics.counter("stampede_gateway_access_refused_total",
                         "Frames refused for want of a right, by the right.", {{"verb", verb}});
}

}  // namespace

SessionMetrics::SessionMetrics(Metrics& metrics)
    : sessions(
          metrics.gauge("stampede_gateway_sessions", "Clients between CONNECTED and the end.")),
      errors(metrics.counter("stampede_gateway_errors_total", "ERROR frames sent to clients.")),
      limits(metrics),
      refreshes(metrics.counter("stampede_gateway_token_refreshes_total",
                                "Tokens that a live session replaced by a new one.")),
      frames_(frame_counters(metrics, std::make_index_sequence<11>())),
      connects_(connect_counters(metrics, std::make_index_sequence<3>())),
      read_refused_(refused_counter(metrics, "read")),
      send_refused_(refused_counter(metrics, "send")),
      direct_refused_(refused_counter(metrics, "direct")),
      presence_refused_(refused_counter(metrics, "presence")) {}

const Counter& SessionMetrics::frames(stomp::Command command) const noexcept {
  return frames_[static_cast<std::size_t>(command)];
}

const Counter& SessionMetrics::connects(stomp::Version version) const noexcept {
  return connects_[static_cast<std::size_t>(version)];
}

const Counter& SessionMetrics::access_refused(auth::Verb verb) const noexcept {
  switch (verb) {
    case auth::Verb::kSend: return send_refused_;
    case auth::Verb::kPresence: return presence_refused_;
    case auth::Verb::kDirect: return direct_refused_;
    case auth::Verb::kRead: break;
  }
  return read_refused_;
}

}  // namespace stampede::gateway
