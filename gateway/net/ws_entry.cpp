#include "gateway/net/ws_entry.h"

#include <array>
#include <optional>
#include <utility>

#include "gateway/net/ws_connection.h"
#include "gateway/net/ws_handshake.h"
#include "shared/http/message.h"

namespace stampede::gateway {
namespace {

/// The first bytes on a new connection always fit into its send buffer, so nothing waits for them.
void refuse(sockets::ClientSocket socket, std::string response) {
  std::array<iovec, 1> buffer{sockets::buffer_of(response)};
  static_cast<void>(socket.write_some(buffer));
  socket.end_sending();
}

std::string full_response(std::size_t max) {
  http::Response response = http::Response::text(
      "this gateway holds " + std::to_string(max) + " connections, as many as it may\n", 503);
  response.headers = {{"Retry-After", "5"}};
  return http::head_of(response, http::AfterResponse::kClose) + response.body;
}

std::string forbidden_response(const std::string& reason) {
  const http::Response response = http::Response::text(reason + "\n", 403);
  return http::head_of(response, http::AfterResponse::kClose) + response.body;
}

}  // namespace

WsEntry::WsEntry(NetShard& shard, SessionFactory make_session)
    : shard_(shard), make_session_(std::move(make_session)) {}

void WsEntry::accept(http::UpgradeRequest request) {
  WsHandshake answer = answer_ws_handshake(request.request, shard_.options().deflate.enabled);
  if (!answer.accepted) {
    shard_.metrics().refused_handshake.add();
    return refuse(std::move(request.socket), std::move(answer.response));
  }
  if (const auto let_in = check_origin(request.request); !let_in) {
    shard_.metrics().refused_origin.add();
    return refuse(std::move(request.socket), forbidden_response(let_in.error().detail));
  }
  if (!shard_.admit()) {
    shard_.metrics().refused_full.add();
    shard_.metrics().limits.hit(Limit::kConnections);
    return refuse(std::move(request.socket), full_response(shard_.budget().max()));
  }
  const auto connection =
      std::make_shared<WsConnection>(shard_, std::move(request.socket), std::move(request.peer),
                                     std::move(answer.response), answer.deflate);
  connection->keep(std::move(request.lease));
  const auto authorization = request.request[boost::beast::http::field::authorization];
  auto session = make_session_(
      *connection,
      {connection->peer(), answer.subprotocol, {authorization.data(), authorization.size()}});
  connection->start(std::move(session), std::move(request.leftover));
}

Result<void> WsEntry::check_origin(const http::UpgradeRequest::Head& head) const {
  using boost::beast::http::field;
  const auto origin = head.find(field::origin);
  std::optional<std::string_view> page;
  if (origin != head.end()) page = origin->value();
  return shard_.options().origins.check(page, head[field::host]);
}

}  // namespace stampede::gateway
