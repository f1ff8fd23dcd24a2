#include "gateway/net/ws_connection.h"

#include <utility>

#include "gateway/net/ws_control.h"
#include "shared/base/clock.h"

namespace stampede::gateway {
namespace {

/// What one client's input may become in one turn of the loop: as much as one that does not
/// compress can make a turn read. Some bytes that compress well are megabytes, and the shard's
/// other clients wait meanwhile.
constexpr std::size_t kMaxInputPerTurn = 64 * 1024;

}  // namespace

WsConnection::WsConnection(NetShard& shard, sockets::ClientSocket socket, std::string peer,
                           std::string handshake, const std::optional<WsDeflateAgreement>& deflate)
    : StreamConnection(shard, std::move(socket), Framing::kWebSocket, std::move(peer)),
      decoder_(shard.options().websocket, deflate ? &shard.inflaters() : nullptr) {
  enqueue(Slice::of_websocket_only(std::move(handshake)));
  if (!deflate) return;
  compress_frames(deflate->largest_compressed_message());
  shard.metrics().deflate_agreed.add();
}

std::size_t WsConnection::on_input(std::span<char> bytes) {
  decoder_.feed(bytes);
  std::size_t handled = 0;
  while (takes_input()) {
    const WsEvent event = decoder_.next();
    if (event.kind == WsEvent::Kind::kNeedMore) break;
    if (event.kind == WsEvent::Kind::kData) handled += event.bytes.size();
    handle(event);
    if (handled < kMaxInputPerTurn) continue;
    go_on_later();
    break;
  }
  return bytes.size() - decoder_.unread().size();
}

void WsConnection::handle(const WsEvent& event) {
  switch (event.kind) {
    case WsEvent::Kind::kData: return on_data(event);
    case WsEvent::Kind::kPing:
      // A peer that pings without reading gets no more pongs than its outbox holds.
      if (is_open()) try_enqueue(Slice::of_websocket_only(ws_pong_frame(event.bytes)));
      return;
    case WsEvent::Kind::kClose: return on_peer_close(event);
    case WsEvent::Kind::kError: return on_violation(event);
    case WsEvent::Kind::kPong:
    case WsEvent::Kind::kMessageEnd:
    case WsEvent::Kind::kNeedMore: return;
  }
}

void WsConnection::on_data(const WsEvent& event) {
  if (decoder_.holds_output()) {
    shard().metrics().inflated_bytes.add(static_cast<double>(event.bytes.size()));
  }
  deliver(event.bytes);
}

void WsConnection::on_peer_close(const WsEvent& event) {
  peer_closed_ = true;
  if (is_open()) {
    begin_closing(CloseReason::kClientLeft);
    enqueue(Slice::of_websocket_only(ws_close_frame(event.code, {})));
  } else if (all_sent()) {
    finish(CloseReason::kClientLeft);
  }
}

void WsConnection::on_violation(const WsEvent& event) {
  if (!is_open()) {
    // What is queued says already why the connection ends, so it must still go out.
    if (all_sent()) shut_down_sending();
    return;
  }
  if (event.limit) shard().metrics().limits.hit(*event.limit);
  const std::int64_t held_back = shard().peer_log().admit(system_clock().now());
  if (held_back >= 0) {
    log_warn("client broke the WebSocket protocol",
             {{"peer", peer()}, {"what", event.bytes}, {"held_back", held_back}});
  }
  begin_closing(event.reason);
  enqueue(Slice::of_websocket_only(ws_close_frame(event.code, event.bytes)));
}

void WsConnection::say_goodbye(CloseReason reason) {
  const CloseInfo info = close_info(reason);
  enqueue(Slice::of_websocket_only(ws_close_frame(info.websocket_code, info.text)));
}

void WsConnection::on_goodbye_sent() {
  if (peer_closed_) return finish(CloseReason::kClientLeft);
  // After a violation the peer's close frame cannot be told from its garbage any more. Reading goes
  // on, because closing with unread bytes would reset the connection and our close frame with it.
  if (decoder_.finished()) shut_down_sending();
}

}  // namespace stampede::gateway
