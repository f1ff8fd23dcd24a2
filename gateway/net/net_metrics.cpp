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
      refused_origin(metrics.counter("stampede_gateway_refused_total",
                                     "Connections refused, by why.", {{"reason", "origin"}})),
      limits(metrics),
      received_bytes(metrics.counter("stampede_gateway_received_bytes_total",
                                     "Bytes received from clients, framing included.")),
      sent_bytes(metrics.counter("stampede_gateway_sent_bytes_total",
                                 "Bytes written to clients, framing included.")),
      write_calls(metrics.counter("stampede_gateway_write_calls_total",
                                  "System calls that wrote to clients.")),
      flushes(metrics.counter("stampede_gateway_flushes_total",
                              "Times that a connection's queue was written at a turn's end.")),
      dropped_bytes(metrics.counter("stampede_gateway_dropped_bytes_total",
                                    "Bytes not sent to slow consumers before they were closed.")),
      deflate_agreed(metrics.counter("stampede_gateway_deflate_agreed_total",
                                     "Upgrades that agreed on permessage-deflate.")),
      deflated(metrics.counter("stampede_gateway_deflated_total",
                               "Frames compressed, each once for all that share it.")),
      deflate_useless(metrics.counter("stampede_gateway_deflate_useless_total",
                                      "Frames that compressing did not make smaller.")),
      deflated_bytes_before(metrics.counter("stampede_gateway_deflated_bytes_total",
                                            "Bytes of compressed frames, before and after.",
                                            {{"at", "before"}})),
      deflated_bytes_after(metrics.counter("stampede_gateway_deflated_bytes_total",
                                           "Bytes of compressed frames, before and after.",
                                           {{"at", "after"}})),
      inflated_bytes(metrics.counter("stampede_gateway_inflated_bytes_total",
                                     "Bytes that compressed messages of clients inflated to.")) {
  for (int i = 0; i <= static_cast<int>(CloseReason::kInternalError); ++i) {
    closed_by_reason.push_back(
        metrics.counter("stampede_gateway_closed_total", "Client connections ended, by why.",
                        {{"reason", std::string(close_info(static_cast<CloseReason>(i)).label)}}));
  }
}

}  // namespace stampede::gateway
