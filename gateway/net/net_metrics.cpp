#include "gateway/net/net_metrics.h"

#include <string>

namespace stampede::gateway {

NetMetrics::Transport::Transport(Metrics& metrics, const char* name)
    : connections(metrics.gauge("stampede_gateway_connections", "Open client connections.",
                                {{"transport", name}})),
      accepted(metrics.counter("stampede_gateway_accepted_total", "Client connections accepted.",
                               {{"transport", name}})) {}

NetMetrics::NetMetrics(Metrics& metrics)
    : websocket(metrics, "ws"),
      tcp(metrics, "tcp"),
      accept_failures(metrics.counter("stampede_gateway_accept_failures_total",
                                      "Times that the system could not give us a TCP connection.")),
      refused_handshake(metrics.counter("stampede_gateway_refused_total",
                                        "Connections refused, by why.", {{"reason", "handshake"}})),
      refused_full(metrics.counter("stampede_gateway_refused_total", "Connections refused, by why.",
                                   {{"reason", "full"}})),
      refused_origin(metrics.counter("stampede_gateway_refused_total", "Upgrades refused, by why.",
                                     {{"reason", "origin"}})),
      received_bytes(metrics.counter("stampede_gateway_received_bytes_total",
                                     "Bytes received from clients, framing included.")),
      sent_bytes(metrics.counter("stampede_gateway_sent_bytes_total",
                                 "Bytes written to clients, framing included.")),
      write_calls(metrics.counter("stampede_gateway_write_calls_total",
                                  "System calls that wrote to clients.")),
      flushes(metrics.counter("stampede_gateway_flushes_total",
                              "Times that a connection's queue was written at a turn's end.")),
      dropped_bytes(metrics.counter("stampede_gateway_dropped_bytes_total",
                                    "Bytes not sent to slow consumers before they were closed.")) {
  for (int i = 0; i <= static_cast<int>(CloseReason::kInternalError); ++i) {
    closed_by_reason.push_back(
        metrics.counter("stampede_gateway_closed_total", "Client connections ended, by why.",
                        {{"reason", std::string(close_info(static_cast<CloseReason>(i)).label)}}));
  }
}

}  // namespace stampede::gateway
