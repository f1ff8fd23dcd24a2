// RFC 6455 section 4.2 and what STOMP clients expect of it.
#include "gateway/net/ws_handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/beast/http/empty_body.hpp>

namespace stampede::test {
namespace {

namespace http = boost::beast::http;
using gateway::answer_ws_handshake;
using gateway::WsHandshake;
using http::field;
using ::testing::HasSubstr;
using ::testing::StartsWith;

http::request<http::empty_body> good_request() {
  http::request<http::empty_body> request(http::verb::get, "/ws", 11);
  request.set(field::host, "server.example.com");
  request.set(field::upgrade, "websocket");
  request.set(field::connection, "Upgrade");
  request.set(field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
  request.set(field::sec_websocket_version, "13");
  return request;
}

TEST(WsHandshakeTest, AnswersTheSampleKeyOfTheRfc) {
  EXPECT_EQ(gateway::ws_accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  const WsHandshake answer = answer_ws_handshake(good_request());
  EXPECT_TRUE(answer.accepted);
  EXPECT_EQ(answer.response,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

TEST(WsHandshakeTest, ChoosesTheHighestStompVersionOffered) {
  const std::pair<const char*, const char*> cases[] = {
      {"v12.stomp, v11.stomp, v10.stomp", "v12.stomp"},
      {"v10.stomp,v11.stomp", "v11.stomp"},
      {"chat, v10.stomp", "v10.stomp"},
  };
  for (const auto& [offered, chosen] : cases) {
    auto request = good_request();
    request.set(field::sec_websocket_protocol, offered);
    const WsHandshake answer = answer_ws_handshake(request);
    EXPECT_EQ(answer.subprotocol, chosen);
    EXPECT_THAT(answer.response,
                HasSubstr("\r\nSec-WebSocket-Protocol: " + std::string(chosen) + "\r\n"));
  }
}

TEST(WsHandshakeTest, ReadsOffersOfSeveralHeaderLines) {
  auto request = good_request();
  request.insert(field::sec_websocket_protocol, "v10.stomp");
  request.insert(field::sec_websocket_protocol, "v11.stomp");
  EXPECT_EQ(answer_ws_handshake(request).subprotocol, "v11.stomp");
}

TEST(WsHandshakeTest, AcceptsNoneAndUnknownSubprotocolsWithoutTheHeader) {
  for (const char* offered : {"", "mqtt", "V12.STOMP"}) {
    auto request = good_request();
    if (*offered != '\0') request.set(field::sec_websocket_protocol, offered);
    const WsHandshake answer = answer_ws_handshake(request);
    EXPECT_TRUE(answer.accepted);
    EXPECT_EQ(answer.subprotocol, "");
    EXPECT_THAT(answer.response, Not(HasSubstr("Sec-WebSocket-Protocol")));
  }
}

TEST(WsHandshakeTest, AgreesOnCompressionWhenBothWantIt) {
  auto request = good_request();
  request.insert(field::sec_websocket_extensions, "mux");
  request.insert(field::sec_websocket_extensions, "permessage-deflate; client_max_window_bits");
  const WsHandshake agreed = answer_ws_handshake(request, true);
  ASSERT_TRUE(agreed.deflate.has_value());
  EXPECT_THAT(agreed.response,
              HasSubstr("\r\nSec-WebSocket-Extensions: " + agreed.deflate->header() + "\r\n"));
  const WsHandshake unwilling = answer_ws_handshake(request, false);
  EXPECT_TRUE(unwilling.accepted);
  EXPECT_FALSE(unwilling.deflate.has_value());
  EXPECT_THAT(unwilling.response, Not(HasSubstr("Sec-WebSocket-Extensions")));
  const WsHandshake unasked = answer_ws_handshake(good_request(), true);
  EXPECT_TRUE(unasked.accepted);
  EXPECT_FALSE(unasked.deflate.has_value());
  EXPECT_THAT(unasked.response, Not(HasSubstr("Sec-WebSocket-Extensions")));
}

TEST(WsHandshakeTest, TakesTokensInListsAndAnyCase) {
  auto request = good_request();
  request.set(field::upgrade, "WebSocket");
  request.set(field::connection, "keep-alive, upgrade");
  EXPECT_TRUE(answer_ws_handshake(request).accepted);
}

void expect_refused(const http::request<http::empty_body>& request, int status,
                    const std::string& reason) {
  const WsHandshake answer = answer_ws_handshake(request);
  EXPECT_FALSE(answer.accepted);
  EXPECT_THAT(answer.response, StartsWith("HTTP/1.1 " + std::to_string(status) + " "));
  EXPECT_THAT(answer.response, HasSubstr(reason));
}

TEST(WsHandshakeTest, RefusesAnythingButAGetOfHttp11) {
  auto request = good_request();
  request.method(http::verb::post);
  expect_refused(request, 400, "GET of HTTP/1.1");
  request = good_request();
  request.version(10);
  expect_refused(request, 400, "GET of HTTP/1.1");
}

TEST(WsHandshakeTest, RefusesAMissingOrRepeatedHost) {
  auto request = good_request();
  request.erase(field::host);
  expect_refused(request, 400, "one Host header");
  request = good_request();
  request.insert(field::host, "b");
  expect_refused(request, 400, "one Host header");
}

TEST(WsHandshakeTest, RefusesWhatDoesNotAskForAWebSocket) {
  auto request = good_request();
  request.erase(field::upgrade);
  expect_refused(request, 426, "Upgrade: websocket");
  request = good_request();
  request.set(field::connection, "keep-alive");
  expect_refused(request, 426, "Upgrade: websocket");
}

TEST(WsHandshakeTest, RefusesOtherVersionsAndNamesItsOwn) {
  for (const char* version : {"", "8", "14", "013"}) {
    auto request = good_request();
    request.set(field::sec_websocket_version, version);
    expect_refused(request, 426, "\r\nSec-WebSocket-Version: 13\r\n");
  }
}

TEST(WsHandshakeTest, RefusesExtensionsThatAreNoList) {
  auto request = good_request();
  request.set(field::sec_websocket_extensions, "permessage-deflate; =10");
  expect_refused(request, 400, "Sec-WebSocket-Extensions");
}

TEST(WsHandshakeTest, RefusesABadKey) {
  for (const char* key : {"", "short", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ= ",
                          "dGhlIHNhbXBsZSBub25*ZQ==", "dGhlIHNhbXBsZSBub25jZSBsb25nZXI="}) {
    auto request = good_request();
    request.set(field::sec_websocket_key, key);
    expect_refused(request, 400, "Sec-WebSocket-Key");
  }
  auto request = good_request();
  request.insert(field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
  expect_refused(request, 400, "Sec-WebSocket-Key");
}

}  // namespace
}  // namespace stampede::test
