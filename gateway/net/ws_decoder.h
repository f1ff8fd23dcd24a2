#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/net/utf8_stream.h"
#include "gateway/session/close_reason.h"

namespace stampede::gateway {

struct WsLimits {
  std::size_t max_message_bytes = 1024 * 1024;
  std::size_t max_fragments = 4096;  ///< of one message
};

struct WsEvent {
  enum class Kind : std::uint8_t {
    kNeedMore,    ///< everything fed is used up
    kData,        ///< `bytes`: a piece of a message's payload
    kMessageEnd,  ///< the message whose pieces came is whole
    kPing,        ///< `bytes`: what the pong must carry
    kPong,
    kClose,  ///< `code` (kNoCloseCode: none) and the peer's reason in `bytes`; nothing follows
    kError,  ///< `reason` to close with and what was wrong in `bytes`; nothing follows
  };

  Kind kind = Kind::kNeedMore;
  std::string_view bytes{};  ///< valid until the next call
  std::uint16_t code = 0;
  CloseReason reason = CloseReason::kProtocolError;
};

/// The server's side of RFC 6455 section 5: bytes from a client to events. Pure; one thread.
/// Payload is unmasked where it lies and given out as it comes, in pieces, because a STOMP stream
/// may be cut anywhere: no message is ever put together here, whatever its size.
class WsDecoder {
 public:
  explicit WsDecoder(const WsLimits& limits) noexcept : limits_(limits) {}

  /// Hands over the next bytes, which stay valid, and get changed, until kNeedMore is answered.
  void feed(std::span<char> bytes) noexcept { input_ = bytes; }
  /// What has been fed and not been looked at; feed it again to go on later.
  [[nodiscard]] std::span<const char> unread() const noexcept { return input_; }

  WsEvent next();

  /// After kClose or kError everything fed is dropped.
  [[nodiscard]] bool finished() const noexcept { return stage_ == Stage::kFinished; }

 private:
  enum class Stage : std::uint8_t { kStart, kHeader, kPayload, kMessageEnd, kFinished };

  [[nodiscard]] bool collect(std::size_t header_bytes) noexcept;
  [[nodiscard]] const char* judge_start() noexcept;
  [[nodiscard]] std::size_t header_bytes() const noexcept;
  [[nodiscard]] WsEvent begin_frame();
  [[nodiscard]] WsEvent begin_data(std::uint64_t length);
  [[nodiscard]] WsEvent read_data();
  [[nodiscard]] WsEvent read_control();
  [[nodiscard]] WsEvent read_close();
  [[nodiscard]] std::string_view take_payload() noexcept;
  [[nodiscard]] WsEvent fail(CloseReason reason, std::string text);

  WsLimits limits_;
  std::span<char> input_;
  Stage stage_ = Stage::kStart;

  // The frame that is being received.
  std::array<unsigned char, 14> header_{};
  std::uint8_t header_have_ = 0;
  std::uint8_t opcode_ = 0;
  bool fin_ = false;
  std::uint8_t mask_at_ = 0;
  std::array<unsigned char, 4> mask_{};
  std::uint64_t payload_left_ = 0;

  // The message that its data frames belong to.
  bool in_message_ = false;
  bool is_text_ = false;
  std::size_t fragments_ = 0;
  std::uint64_t message_bytes_ = 0;
  Utf8Stream utf8_;

  std::string text_;  ///< a control frame's payload, or the text of an error
};

}  // namespace stampede::gateway
