#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/net/inflater.h"
#include "gateway/net/utf8_stream.h"
#include "gateway/session/close_reason.h"
#include "gateway/session/limit.h"

namespace stampede::gateway {

struct WsLimits {
  std::size_t max_frame_bytes = std::numeric_limits<std::size_t>::max();
  std::size_t max_message_bytes = 1024 * 1024;  ///< as sent, and again once inflated
  std::size_t max_fragments = 4096;             ///< of one message
};

struct WsEvent {
  enum class Kind : std::uint8_t {
    kNeedMore,    ///< everything fed is used up
    kData,        ///< `bytes`: a piece of a message's payload, inflated
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
  std::optional<Limit> limit{};  ///< of an error: the one that the peer went over
};

/// The server's side of RFC 6455 section 5 and RFC 7692 section 7.2.2: bytes from a client to
/// events. Pure; one thread. Payload is unmasked where it lies and given out as it comes, in
/// pieces, because a STOMP stream may be cut anywhere: no message is ever put together here,
/// whatever its size. A compressed one is inflated piece by piece, and no further than its limit.
class WsDecoder {
 public:
  /// `inflaters` is null unless compression was agreed on. It need not outlive the decoder, which
  /// does not look for it when it is destroyed.
  explicit WsDecoder(const WsLimits& limits, InflaterPool* inflaters = nullptr) noexcept
      : limits_(limits), inflaters_(inflaters) {}

  /// Hands over the next bytes, which stay valid, and get changed, until kNeedMore is answered.
  void feed(std::span<char> bytes) noexcept { input_ = bytes; }
  /// What has been fed and not been used up; feed it again, before anything else, to go on later.
  [[nodiscard]] std::span<const char> unread() const noexcept { return input_; }
  /// Whether there may be more events without another byte: a little that was fed can be a lot
  /// inflated.
  [[nodiscard]] bool holds_output() const noexcept { return holds_output_; }

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
  [[nodiscard]] const char* judge_reserved_bits() const noexcept;
  void begin_message();
  [[nodiscard]] WsEvent read_payload();
  [[nodiscard]] WsEvent read_data();
  [[nodiscard]] WsEvent read_compressed();
  [[nodiscard]] std::span<char> inflate_room() noexcept;
  [[nodiscard]] Inflater::Step inflate_payload();
  [[nodiscard]] Inflater::Step inflate_tail();
  [[nodiscard]] WsEvent give_inflated(std::size_t bytes);
  [[nodiscard]] WsEvent give(std::string_view bytes);
  [[nodiscard]] WsEvent end_data_frame();
  void finish() noexcept;
  [[nodiscard]] WsEvent read_control();
  [[nodiscard]] WsEvent read_close();
  [[nodiscard]] std::span<char> unmasked_payload() noexcept;
  void drop_payload(std::size_t bytes) noexcept;
  [[nodiscard]] std::string_view take_payload() noexcept;
  [[nodiscard]] WsEvent fail(CloseReason reason, std::string text);
  [[nodiscard]] WsEvent fail_over(Limit limit, const std::string& what_may_have);

  WsLimits limits_;
  InflaterPool* inflaters_;  ///< null: no compression
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
  std::size_t unmasked_ = 0;  ///< bytes at the beginning of input_ that are unmasked already

  // The message that its data frames belong to.
  bool in_message_ = false;
  bool is_text_ = false;
  std::size_t fragments_ = 0;
  std::uint64_t message_bytes_ = 0;
  Utf8Stream utf8_;
  std::unique_ptr<Inflater> inflater_;  ///< while the message is a compressed one
  std::size_t inflated_bytes_ = 0;
  std::uint8_t tail_at_ = 0;  ///< of the end that the sender left off
  bool holds_output_ = false;

  std::string text_;  ///< a control frame's payload, or the text of an error
};

}  // namespace stampede::gateway
