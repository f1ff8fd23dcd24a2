#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/error.h"
#include "shared/stomp/escape.h"
#include "shared/stomp/frame.h"

namespace stampede::stomp {

/// Bounds of one frame. Going over one is kTooLarge with a text that names the limit and its value.
struct DecoderLimits {
  std::size_t max_body_bytes = 256 * 1024;
  std::size_t max_headers = 64;
  std::size_t max_header_bytes = 16 * 1024;  ///< command line and all header lines together
};

/// Which of them a frame went over.
enum class Exceeded : std::uint8_t { kNothing, kBody, kHeaders, kHeaderBytes };

/// Bytes to frames for STOMP 1.0, 1.1 and 1.2. Pure: knows no socket and no time. Bytes may be cut
/// anywhere and may hold many frames. One thread. While no frame is half received it holds no
/// buffer, so an idle session costs nothing here.
///
/// After an error the decoder stays in error: the stream has no known position any more. An error's
/// detail is `<message>: <explanation>`, where the message is one of `Illegal command`, `Invalid
/// header`, `Invalid frame` and `Frame too large`, fit for an ERROR frame's `message` header.
///
/// What the specifications leave open, or clients do all the same:
///  - NUL inside a header block is an error (a blank line is missing), not part of a value.
///  - A colon in a value needs no escape; the first colon of a line ends the name.
///  - In 1.0 and 1.1 a CR before the LF belongs to the value, unless the command's line ends with
///    CR LF too: then the whole header block does.
///  - In 1.0 blanks around the values of the specification's own headers are padding.
///  - A body of other frames than SEND, MESSAGE and ERROR is ignored in 1.0, which says so of
///    SUBSCRIBE, and otherwise an error unless it is line ends only.
class Decoder {
 public:
  explicit Decoder(const DecoderLimits& limits) : limits_(limits) {}

  /// Until CONNECT has been answered the version is 1.2 for framing (CR LF is accepted) and CONNECT
  /// and STOMP frames are never unescaped, as all three specifications ask. Takes effect with the
  /// next frame that begins.
  void set_version(Version version) noexcept { version_ = version; }
  /// A larger body limit after authentication.
  void set_limits(const DecoderLimits& limits) noexcept { limits_ = limits; }

  /// Appends bytes as they came from the transport.
  void feed(std::string_view bytes);

  /// The next whole frame, or nullopt when more bytes are needed. EOLs and NULs between frames are
  /// skipped (heart-beats). Errors: kProtocol (malformed; says what and in which header) and
  /// kTooLarge.
  Result<std::optional<FrameView>> next();

  /// After an error: the `receipt` header of the frame that was wrong, if it had come by then.
  [[nodiscard]] std::optional<std::string_view> failed_receipt() const noexcept {
    if (failure_ == nullptr) return std::nullopt;
    return failure_->receipt;
  }

  /// After kTooLarge: which bound it was.
  [[nodiscard]] Exceeded exceeded() const noexcept {
    return failure_ == nullptr ? Exceeded::kNothing : failure_->exceeded;
  }

  /// Bytes fed and not yet returned in a frame.
  [[nodiscard]] std::size_t buffered_bytes() const noexcept { return buffer_.size() - begin_; }

 private:
  /// Which part of a frame is read next.
  enum class Stage : std::uint8_t { kBetween, kCommand, kHeaders, kBody };
  enum class Step : std::uint8_t { kDone, kNeedMore, kFailed };

  /// A header as offsets from the frame's first byte: the buffer may move while a frame arrives.
  struct HeaderSpan {
    std::uint32_t name;
    std::uint32_t name_bytes;
    std::uint32_t value;
    std::uint32_t value_bytes;
  };

  struct Failure {
    Error error;
    std::optional<std::string> receipt;
    Exceeded exceeded = Exceeded::kNothing;
  };

  Step advance();
  Step skip_to_frame();
  Step read_command();
  Step read_headers();
  Step read_line(std::size_t& line, std::size_t& line_bytes);
  Step take_header(std::size_t line, std::size_t line_bytes);
  Step take_content_length(std::string_view value);
  [[nodiscard]] bool speaks_10() const noexcept;
  void drop_padding() noexcept;
  Step read_body();
  Step check_body();
  [[nodiscard]] FrameView headers_so_far() const;
  FrameView take_frame();
  Step fail_command(std::string_view text);
  Step fail(Errc code, std::string detail);
  Step fail_too_large(Exceeded what, const std::string& explanation);
  void release() noexcept;

  [[nodiscard]] char* frame() noexcept { return buffer_.data() + begin_; }
  [[nodiscard]] std::string_view view(std::size_t at, std::size_t bytes) const noexcept {
    return std::string_view(buffer_).substr(begin_ + at, bytes);
  }

  DecoderLimits limits_;
  Version version_ = Version::kV12;
  Stage stage_ = Stage::kBetween;

  // Of the frame that is being received; positions count from its first byte, at buffer_[begin_].
  Command command_{};
  Escaping escaping_ = Escaping::kNone;
  bool strips_cr_ = false;
  std::size_t line_ = 0;     ///< start of the current line
  std::size_t scanned_ = 0;  ///< everything before has been looked at
  std::size_t body_ = 0;
  std::size_t body_bytes_ = 0;
  std::optional<std::size_t> content_length_;
  std::vector<HeaderSpan> headers_;

  std::string buffer_;
  std::size_t begin_ = 0;
  std::unique_ptr<Failure> failure_;
};

}  // namespace stampede::stomp
