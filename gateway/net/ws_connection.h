#pragma once

#include <optional>
#include <string>

#include "gateway/net/stream_connection.h"
#include "gateway/net/ws_decoder.h"
#include "gateway/net/ws_deflate_offer.h"

namespace stampede::gateway {

/// A WebSocket after its handshake: pings answered, the close handshake done from either side
/// (RFC 6455 section 7), violations answered with a close frame that says what was wrong.
class WsConnection final : public StreamConnection {
 public:
  /// `handshake` is the 101 response; it goes out first. `deflate` is what it says of compression.
  WsConnection(NetShard& shard, sockets::ClientSocket socket, std::string peer,
               std::string handshake, const std::optional<WsDeflateAgreement>& deflate = {});

 private:
  std::size_t on_input(std::span<char> bytes) override;
  [[nodiscard]] bool holds_input() const noexcept override { return decoder_.holds_output(); }
  void say_goodbye(CloseReason reason) override;
  void on_goodbye_sent() override;

  void handle(const WsEvent& event);
  void on_data(const WsEvent& event);
  void on_peer_close(const WsEvent& event);
  void on_violation(const WsEvent& event);

  WsDecoder decoder_;
  bool peer_closed_ = false;  ///< its close frame has come
};

}  // namespace stampede::gateway
