// Beast's own handshake lives in websocket::stream, which keeps buffers and a timer per connection;
// this is all of it that a server needs.
#include "gateway/net/ws_handshake.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include <boost/beast/http/rfc7230.hpp>

#include "gateway/net/ws_extensions.h"
#include "shared/http/message.h"

namespace stampede::gateway {
namespace {

namespace beast_http = boost::beast::http;
using beast_http::field;
using RequestHeader = beast_http::request_header<beast_http::fields>;

/// Best first.
constexpr std::array<std::string_view, 3> kSubprotocols{"v12.stomp", "v11.stomp", "v10.stomp"};

bool has_token(const RequestHeader& request, field name, std::string_view token) {
  const auto [first, last] = request.equal_range(name);
  return std::any_of(first, last, [&](const auto& line) {
    return beast_http::token_list(line.value()).exists(token);
  });
}

/// Case matters: what is echoed must be what was offered.
bool offers(const RequestHeader& request, std::string_view subprotocol) {
  const auto [first, last] = request.equal_range(field::sec_websocket_protocol);
  return std::any_of(first, last, [&](const auto& line) {
    const beast_http::token_list tokens(line.value());
    return std::find(tokens.begin(), tokens.end(), subprotocol) != tokens.end();
  });
}

std::string_view choose_subprotocol(const RequestHeader& request) {
  const auto chosen = std::find_if(kSubprotocols.begin(), kSubprotocols.end(),
                                   [&](std::string_view name) { return offers(request, name); });
  return chosen == kSubprotocols.end() ? std::string_view() : *chosen;
}

/// nullopt when a line is not a list of extensions.
std::optional<std::vector<WsExtension>> offered_extensions(const RequestHeader& request) {
  std::vector<WsExtension> offers;
  const auto [first, last] = request.equal_range(field::sec_websocket_extensions);
  for (auto line = first; line != last; ++line) {
    if (!parse_ws_extensions(line->value(), offers)) return std::nullopt;
  }
  return offers;
}

/// The base64 form of 16 bytes.
bool is_key(std::string_view text) {
  return text.size() == 24 && text.ends_with("==") &&
         std::all_of(text.begin(), text.end() - 2, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '+' || c == '/';
         });
}

WsHandshake refuse(int status, std::string reason, http::Pairs headers = {}) {
  http::Response response = http::Response::text(std::move(reason) + "\n", status);
  response.headers = std::move(headers);
  return {false, http::head_of(response, http::AfterResponse::kClose) + response.body, {}};
}

}  // namespace

std::string ws_accept_key(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  unsigned char base64[4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1];
  const int size = EVP_EncodeBlock(base64, digest, SHA_DIGEST_LENGTH);
  return {reinterpret_cast<const char*>(base64), static_cast<std::size_t>(size)};
}

WsHandshake answer_ws_handshake(const RequestHeader& request, bool deflate) {
  if (request.method() != beast_http::verb::get || request.version() < 11) {
    return refuse(400, "a WebSocket handshake is a GET of HTTP/1.1");
  }
  if (request.count(field::host) != 1) {
    return refuse(400, "a WebSocket handshake has one Host header");
  }
  if (!has_token(request, field::upgrade, "websocket") ||
      !has_token(request, field::connection, "upgrade")) {
    return refuse(426, "only WebSocket is spoken here: Upgrade: websocket, Connection: Upgrade",
                  {{"Upgrade", "websocket"}});
  }
  if (request[field::sec_websocket_version] != "13") {
    return refuse(426, "Sec-WebSocket-Version must be 13",
                  {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}});
  }
  const std::string_view key = request[field::sec_websocket_key];
  if (request.count(field::sec_websocket_key) != 1 || !is_key(key)) {
    return refuse(400, "Sec-WebSocket-Key must be there once: 16 bytes in base64, 24 characters");
  }
  const auto offers = offered_extensions(request);
  if (!offers) {
    return refuse(400, "Sec-WebSocket-Extensions must be a list: name; key=value; ..., name");
  }
  WsHandshake answer{true, {}, choose_subprotocol(request)};
  if (deflate) answer.deflate = agree_on_deflate(*offers);
  answer.response =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      ws_accept_key(key) + "\r\n";
  if (!answer.subprotocol.empty()) {
    answer.response += "Sec-WebSocket-Protocol: " + std::string(answer.subprotocol) + "\r\n";
  }
  if (answer.deflate) {
    answer.response += "Sec-WebSocket-Extensions: " + answer.deflate->header() + "\r\n";
  }
  answer.response += "\r\n";
  return answer;
}

}  // namespace stampede::gateway
