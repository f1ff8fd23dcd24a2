#pragma once

#include <string>

#include "shared/adapters/rabbitmq/codec.h"
#include "shared/adapters/rabbitmq/url.h"
#include "shared/base/clock.h"

namespace stampede::rabbitmq {

/// What both sides agreed on in connection.tune.
struct Tuned {
  std::uint32_t frame_max = kFrameMaxBytes;
  Seconds heartbeat{0};  ///< 0: none
};

/// Logs a connection in: Start -> StartOk (PLAIN), Tune -> TuneOk and Open, OpenOk. Pure: methods
/// in, bytes out. Owned by its connection.
class Handshake {
 public:
  /// `name` is what the broker's tools show for the connection.
  Handshake(const Endpoint& endpoint, std::string name, Seconds heartbeat);

  /// One method of channel 0; appends the answer to `out`. True: the connection is open. kDenied:
  /// the broker refused the user or the vhost. kProtocol: anything else than AMQP expects here.
  Result<bool> on_method(const Method& method, std::string& out);

  [[nodiscard]] const Tuned& tuned() const { return tuned_; }

 private:
  enum class Expect { kStart, kTune, kOpenOk, kNothing };

  Result<void> on_start(const amqp_connection_start_t& start, std::string& out);
  Result<void> on_tune(const amqp_connection_tune_t& tune, std::string& out);

  Expect expect_ = Expect::kStart;
  std::string name_;
  std::string response_;  ///< of SASL PLAIN: NUL user NUL password
  std::string vhost_;
  Seconds heartbeat_;
  Tuned tuned_;
};

/// The sentence in a connection.close, or channel.close.
Error close_error(const amqp_connection_close_t& close);
Error close_error(const amqp_channel_close_t& close);

}  // namespace stampede::rabbitmq
