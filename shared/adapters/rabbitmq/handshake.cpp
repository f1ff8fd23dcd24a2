// The library's amqp_login blocks and cannot say that it understands connection.blocked or a
// consumer's cancel, which a broker sends only to those that do.
#include "shared/adapters/rabbitmq/handshake.h"

#include <algorithm>

namespace stampede::rabbitmq {
namespace {

constexpr std::uint16_t kChannelMax = 16;

bool offers(std::string_view mechanisms, std::string_view wanted) {
  while (!mechanisms.empty()) {
    const std::size_t space = std::min(mechanisms.find(' '), mechanisms.size());
    if (mechanisms.substr(0, space) == wanted) return true;
    mechanisms.remove_prefix(std::min(space + 1, mechanisms.size()));
  }
  return false;
}

template <class N>
N smaller_but_not_zero(N ours, N theirs) {
  return ours == 0 || theirs == 0 ? std::max(ours, theirs) : std::min(ours, theirs);
}

Error closed(std::uint16_t code, amqp_bytes_t text) {
  const bool denied = code == AMQP_ACCESS_REFUSED || code == AMQP_NOT_ALLOWED;
  return {denied ? Errc::kDenied : Errc::kUnavailable,
          "closed by the broker: " + std::to_string(code) + " " + std::string(from_amqp(text))};
}

}  // namespace

Error close_error(const amqp_connection_close_t& close) {
  return closed(close.reply_code, close.reply_text);
}

Error close_error(const amqp_channel_close_t& close) {
  return closed(close.reply_code, close.reply_text);
}

Handshake::Handshake(const Endpoint& endpoint, std::string name, Seconds heartbeat)
    : name_(std::move(name)), vhost_(endpoint.vhost), heartbeat_(heartbeat) {
  response_ += '\0';
  response_ += endpoint.user;
  response_ += '\0';
  response_ += endpoint.password;
}

Result<bool> Handshake::on_method(const Method& method, std::string& out) {
  if (method.id == AMQP_CONNECTION_CLOSE_METHOD) {
    append_method(out, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, amqp_connection_close_ok_t{});
    return close_error(*static_cast<const amqp_connection_close_t*>(method.decoded));
  }
  if (expect_ == Expect::kStart && method.id == AMQP_CONNECTION_START_METHOD) {
    auto ok = on_start(*static_cast<const amqp_connection_start_t*>(method.decoded), out);
    if (!ok) return ok.error();
    expect_ = Expect::kTune;
    return false;
  }
  if (expect_ == Expect::kTune && method.id == AMQP_CONNECTION_TUNE_METHOD) {
    auto ok = on_tune(*static_cast<const amqp_connection_tune_t*>(method.decoded), out);
    if (!ok) return ok.error();
    expect_ = Expect::kOpenOk;
    return false;
  }
  if (expect_ == Expect::kOpenOk && method.id == AMQP_CONNECTION_OPEN_OK_METHOD) {
    expect_ = Expect::kNothing;
    return true;
  }
  return Error(Errc::kProtocol, std::string("AMQP: ") + amqp_method_name(method.id) +
                                    " is not expected during the log-in");
}

Result<void> Handshake::on_start(const amqp_connection_start_t& start, std::string& out) {
  if (!offers(from_amqp(start.mechanisms), "PLAIN")) {
    return Error(Errc::kDenied, "the broker does not offer the authentication mechanism PLAIN");
  }
  Table capabilities;
  capabilities.flag("publisher_confirms", true)
      .flag("basic.nack", true)
      .flag("consumer_cancel_notify", true)
      .flag("connection.blocked", true)
      .flag("authentication_failure_close", true);
  Table properties;
  properties.text("product", "Stampede")
      .text("platform", "C++")
      .text("connection_name", name_)
      .table("capabilities", capabilities);
  append_method(out, 0, AMQP_CONNECTION_START_OK_METHOD,
                amqp_connection_start_ok_t{properties.view(), to_amqp("PLAIN"), to_amqp(response_),
                                           to_amqp("en_US")});
  return {};
}

Result<void> Handshake::on_tune(const amqp_connection_tune_t& tune, std::string& out) {
  tuned_.frame_max = smaller_but_not_zero(kFrameMaxBytes, tune.frame_max);
  if (tuned_.frame_max < AMQP_FRAME_MIN_SIZE) {
    return Error(Errc::kProtocol, "AMQP: the broker wants frames of at most " +
                                      std::to_string(tuned_.frame_max) + " bytes; at least " +
                                      std::to_string(AMQP_FRAME_MIN_SIZE) + " are needed");
  }
  tuned_.heartbeat =
      Seconds(smaller_but_not_zero<std::int64_t>(heartbeat_.count(), tune.heartbeat));
  append_method(out, 0, AMQP_CONNECTION_TUNE_OK_METHOD,
                amqp_connection_tune_ok_t{smaller_but_not_zero(kChannelMax, tune.channel_max),
                                          tuned_.frame_max,
                                          static_cast<std::uint16_t>(tuned_.heartbeat.count())});
  append_method(out, 0, AMQP_CONNECTION_OPEN_METHOD,
                amqp_connection_open_t{to_amqp(vhost_), amqp_empty_bytes, 0});
  return {};
}

}  // namespace stampede::rabbitmq
