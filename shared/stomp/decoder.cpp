// A frame is read in one pass whatever the pieces it arrives in: `scanned_` remembers how far the
// search for the next LF or NUL has come, and headers are kept as offsets because the buffer may
// move before the frame is whole.
#include "shared/stomp/decoder.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "shared/stomp/excerpt.h"
#include "shared/stomp/padding.h"

namespace stampede::stomp {
namespace {

constexpr std::size_t kMaxCommandLineBytes = 13;  // UNSUBSCRIBE CR LF

bool is_noise(char c) noexcept { return c == '\n' || c == '\r' || c == '\0'; }

bool may_have_body(Command command) noexcept {
  return command == Command::kSend || command == Command::kMessage || command == Command::kError;
}

/// Offset of `c` in [from, to) of `text`, or `to`.
std::size_t find(const char* text, char c, std::size_t from, std::size_t to) noexcept {
  if (from >= to) return to;
  const void* at = std::memchr(text + from, c, to - from);
  return at == nullptr ? to : static_cast<std::size_t>(static_cast<const char*>(at) - text);
}

std::string bytes_text(std::size_t n) { return std::to_string(n) + " bytes"; }

}  // namespace

void Decoder::feed(std::string_view bytes) {
  if (failure_ != nullptr) return;
  if (begin_ == buffer_.size()) {
    const auto frame = std::find_if_not(bytes.begin(), bytes.end(), is_noise);
    bytes.remove_prefix(static_cast<std::size_t>(frame - bytes.begin()));
    if (bytes.empty()) return;  // a heart-beat leaves no buffer behind
    buffer_.clear();
    begin_ = 0;
  } else if (begin_ >= buffer_.size() / 2) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_.append(bytes);
}

Result<std::optional<FrameView>> Decoder::next() {
  if (failure_ != nullptr) return failure_->error;
  switch (advance()) {
    case Step::kDone: return std::optional<FrameView>(take_frame());
    case Step::kNeedMore: return std::optional<FrameView>();
    case Step::kFailed: break;
  }
  return failure_->error;
}

Decoder::Step Decoder::advance() {
  Step step = Step::kDone;
  if (stage_ == Stage::kBetween) step = skip_to_frame();
  if (step == Step::kDone && stage_ == Stage::kCommand) step = read_command();
  if (step == Step::kDone && stage_ == Stage::kHeaders) step = read_headers();
  if (step == Step::kDone && stage_ == Stage::kBody) step = read_body();
  return step;
}

Decoder::Step Decoder::skip_to_frame() {
  while (begin_ < buffer_.size() && is_noise(buffer_[begin_])) ++begin_;
  if (begin_ == buffer_.size()) {
    release();
    return Step::kNeedMore;
  }
  stage_ = Stage::kCommand;
  line_ = scanned_ = 0;
  content_length_.reset();
  headers_.clear();
  return Step::kDone;
}

Decoder::Step Decoder::read_command() {
  std::size_t line = 0;
  std::size_t bytes = 0;
  if (const Step step = read_line(line, bytes); step != Step::kDone) return step;
  std::string_view text = view(line, bytes);
  const bool ends_with_cr = text.ends_with('\r');
  if (ends_with_cr) text.remove_suffix(1);
  const std::optional<Command> command = parse_command(text);
  if (!command) return fail_command(text);
  command_ = *command;
  escaping_ = escaping_of(version_, command_);
  strips_cr_ = ends_with_cr || version_ == Version::kV12 || command_ == Command::kConnect ||
               command_ == Command::kStomp;
  stage_ = Stage::kHeaders;
  return Step::kDone;
}

Decoder::Step Decoder::read_headers() {
  while (true) {
    std::size_t line = 0;
    std::size_t bytes = 0;
    if (const Step step = read_line(line, bytes); step != Step::kDone) return step;
    if (strips_cr_ && bytes > 0 && frame()[line + bytes - 1] == '\r') --bytes;
    if (bytes == 0) break;
    if (const Step step = take_header(line, bytes); step != Step::kDone) return step;
  }
  if (speaks_10()) drop_padding();
  body_ = scanned_;
  stage_ = Stage::kBody;
  if (content_length_ && *content_length_ > limits_.max_body_bytes) {
    return fail_too_large(Exceeded::kBody, "content-length is " + std::to_string(*content_length_) +
                                               ", a body may have " +
                                               bytes_text(limits_.max_body_bytes));
  }
  return Step::kDone;
}

/// One line without its LF, once it is whole. Looks no further than the line may reach, so that
/// what is wrong does not depend on how much has arrived.
Decoder::Step Decoder::read_line(std::size_t& line, std::size_t& line_bytes) {
  const bool is_command = stage_ == Stage::kCommand;
  const std::size_t have = buffered_bytes();
  const std::size_t limit = is_command ? kMaxCommandLineBytes : limits_.max_header_bytes + 1;
  const std::size_t window = std::min(have, limit);
  const std::size_t end = find(frame(), '\n', scanned_, window);
  if (const std::size_t nul = find(frame(), '\0', scanned_, end); nul != end) {
    if (is_command) return fail_command(view(line_, nul + 1 - line_));
    return fail(Errc::kProtocol, "Invalid frame: NUL inside the headers of " +
                                     std::string(to_string(command_)) +
                                     "; a blank line must end the headers before the body begins");
  }
  if (end == window) {
    // Whatever is too long for a command will not become one: not-STOMP is refused early.
    if (is_command && window == limit) return fail_command(view(line_, window - line_));
    if (window == limit) {
      return fail_too_large(Exceeded::kHeaderBytes, "command and headers together may have " +
                                                        bytes_text(limits_.max_header_bytes));
    }
    scanned_ = window;
    return Step::kNeedMore;
  }
  line = line_;
  line_bytes = end - line_;
  line_ = scanned_ = end + 1;
  return Step::kDone;
}

Decoder::Step Decoder::take_header(std::size_t line, std::size_t line_bytes) {
  const std::string_view text = view(line, line_bytes);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return fail(Errc::kProtocol, "Invalid header: " + excerpt(text) + " has no colon");
  }
  if (colon == 0) return fail(Errc::kProtocol, "Invalid header: " + excerpt(text) + " has no name");
  if (headers_.size() == limits_.max_headers) {
    return fail_too_large(Exceeded::kHeaders,
                          "a frame may have " + std::to_string(limits_.max_headers) + " headers");
  }
  if (escaping_ == Escaping::kV12 && text.find('\r') != std::string_view::npos) {
    return fail(Errc::kProtocol, "Invalid header: " + excerpt(text) +
                                     " contains a carriage return, which STOMP 1.2 writes as \\r");
  }
  std::size_t name_bytes = colon;
  std::size_t value_bytes = line_bytes - colon - 1;
  char* const name = frame() + line;
  char* const value = name + colon + 1;
  if (escaping_ != Escaping::kNone && text.find('\\') != std::string_view::npos) {
    const std::string before = excerpt(text);
    const auto short_name = unescape(name, name_bytes, escaping_);
    const auto short_value = unescape(value, value_bytes, escaping_);
    if (!short_name || !short_value) {
      return fail(Errc::kProtocol,
                  "Invalid header: " + before + " has an escape sequence that STOMP " +
                      std::string(to_string(version_)) + " does not define; it has " +
                      (escaping_ == Escaping::kV12 ? "\\r \\n \\c \\\\" : "\\n \\c \\\\"));
    }
    name_bytes = *short_name;
    value_bytes = *short_value;
  }
  headers_.push_back({static_cast<std::uint32_t>(line), static_cast<std::uint32_t>(name_bytes),
                      static_cast<std::uint32_t>(line + colon + 1),
                      static_cast<std::uint32_t>(value_bytes)});
  if (!content_length_ && std::string_view(name, name_bytes) == "content-length") {
    return take_content_length({value, value_bytes});
  }
  return Step::kDone;
}

/// Of a CONNECT the version is known only once all its headers are.
bool Decoder::speaks_10() const noexcept {
  if (command_ != Command::kConnect && command_ != Command::kStomp) {
    return version_ == Version::kV10;
  }
  return std::none_of(headers_.begin(), headers_.end(), [&](const HeaderSpan& span) {
    return view(span.name, span.name_bytes) == "accept-version";
  });
}

void Decoder::drop_padding() noexcept {
  for (HeaderSpan& span : headers_) {
    if (!may_be_padded(view(span.name, span.name_bytes))) continue;
    const std::string_view padded = view(span.value, span.value_bytes);
    const std::string_view value = without_padding(padded);
    span.value += static_cast<std::uint32_t>(value.data() - padded.data());
    span.value_bytes = static_cast<std::uint32_t>(value.size());
  }
}

Decoder::Step Decoder::take_content_length(std::string_view value) {
  if (version_ == Version::kV10) value = without_padding(value);
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (error == std::errc::result_out_of_range) {
    return fail_too_large(Exceeded::kBody, "content-length is " + excerpt(value) +
                                               ", a body may have " +
                                               bytes_text(limits_.max_body_bytes));
  }
  if (error != std::errc{} || end != value.data() + value.size()) {
    return fail(Errc::kProtocol, "Invalid header: content-length " + excerpt(value) +
                                     " is not a number of bytes in decimal digits");
  }
  content_length_ = length;
  return Step::kDone;
}

Decoder::Step Decoder::read_body() {
  const std::size_t have = buffered_bytes();
  if (content_length_) {
    if (have - body_ <= *content_length_) return Step::kNeedMore;
    body_bytes_ = *content_length_;
    if (frame()[body_ + body_bytes_] != '\0') {
      return fail(Errc::kProtocol, "Invalid frame: no NUL after the " + bytes_text(body_bytes_) +
                                       " of body that content-length announces");
    }
    return check_body();
  }
  const std::size_t end = find(frame(), '\0', scanned_, have);
  if (end - body_ > limits_.max_body_bytes) {
    return fail_too_large(Exceeded::kBody, "a body may have " + bytes_text(limits_.max_body_bytes));
  }
  scanned_ = end;
  if (end == have) return Step::kNeedMore;
  body_bytes_ = end - body_;
  return check_body();
}

Decoder::Step Decoder::check_body() {
  if (body_bytes_ == 0 || may_have_body(command_) || version_ == Version::kV10) return Step::kDone;
  const std::string_view body = view(body_, body_bytes_);
  if (body.find_first_not_of("\r\n") == std::string_view::npos) return Step::kDone;
  return fail(Errc::kProtocol, "Invalid frame: " + std::string(to_string(command_)) +
                                   " has a body of " + bytes_text(body_bytes_) +
                                   ", but of a client's frames only SEND may have one");
}

FrameView Decoder::headers_so_far() const {
  FrameView out;
  out.command = command_;
  out.headers.reserve(headers_.size());
  for (const HeaderSpan& span : headers_) {
    out.headers.push_back({view(span.name, span.name_bytes), view(span.value, span.value_bytes)});
  }
  return out;
}

FrameView Decoder::take_frame() {
  FrameView out = headers_so_far();
  if (may_have_body(command_)) out.body = view(body_, body_bytes_);
  begin_ += body_ + body_bytes_ + 1;
  stage_ = Stage::kBetween;
  return out;
}

Decoder::Step Decoder::fail_command(std::string_view text) {
  return fail(Errc::kProtocol, "Illegal command: " + excerpt(text) + " is not a STOMP command");
}

Decoder::Step Decoder::fail_too_large(Exceeded what, const std::string& explanation) {
  const Step failed = fail(Errc::kTooLarge, "Frame too large: " + explanation);
  failure_->exceeded = what;
  return failed;
}

Decoder::Step Decoder::fail(Errc code, std::string detail) {
  failure_ = std::make_unique<Failure>();
  failure_->error = Error(code, std::move(detail));
  if (const auto receipt = headers_so_far().find("receipt")) failure_->receipt = *receipt;
  release();
  return Step::kFailed;
}

void Decoder::release() noexcept {
  std::string().swap(buffer_);
  std::vector<HeaderSpan>().swap(headers_);
  begin_ = 0;
}

}  // namespace stampede::stomp
