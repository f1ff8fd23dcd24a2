// A header is collected before it is read, whatever pieces it comes in, but its first two bytes are
// judged at once: a peer that does not speak WebSocket is told so at its first bytes.
#include "gateway/net/ws_decoder.h"

#include <algorithm>
#include <cstring>

#include "gateway/net/ws_control.h"
#include "shared/base/utf8.h"

namespace stampede::gateway {
namespace {

constexpr std::uint8_t kContinuation = 0x0;
constexpr std::uint8_t kText = 0x1;
constexpr std::uint8_t kBinary = 0x2;
constexpr std::uint8_t kCloseOpcode = 0x8;
constexpr std::uint8_t kPingOpcode = 0x9;
constexpr std::uint8_t kPongOpcode = 0xa;
constexpr std::size_t kMaxControlBytes = 125;

bool is_control(std::uint8_t opcode) noexcept { return (opcode & 0x8) != 0; }

/// Applies the mask in place, beginning at its byte `at`.
void unmask(std::span<char> bytes, const std::array<unsigned char, 4>& mask, std::size_t at) {
  std::array<unsigned char, 8> pattern{};
  for (std::size_t i = 0; i < pattern.size(); ++i) pattern[i] = mask[(at + i) % 4];
  std::uint64_t key = 0;
  std::memcpy(&key, pattern.data(), sizeof key);
  std::size_t i = 0;
  for (; i + sizeof key <= bytes.size(); i += sizeof key) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    word ^= key;
    std::memcpy(bytes.data() + i, &word, sizeof word);
  }
  for (; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(static_cast<unsigned char>(bytes[i]) ^ pattern[i % 8]);
  }
}

}  // namespace

WsEvent WsDecoder::next() {
  while (true) {
    switch (stage_) {
      case Stage::kStart:
        if (!collect(2)) return {};
        if (const char* wrong = judge_start()) return fail(CloseReason::kProtocolError, wrong);
        stage_ = Stage::kHeader;
        break;
      case Stage::kHeader:
        if (!collect(header_bytes())) return {};
        if (const WsEvent event = begin_frame(); event.kind == WsEvent::Kind::kError) return event;
        break;
      case Stage::kPayload: {
        if (payload_left_ > 0 && input_.empty()) return {};
        const WsEvent event = is_control(opcode_) ? read_control() : read_data();
        if (event.kind != WsEvent::Kind::kNeedMore) return event;
        break;
      }
      case Stage::kMessageEnd: stage_ = Stage::kStart; return {WsEvent::Kind::kMessageEnd};
      case Stage::kFinished: input_ = {}; return {};
    }
  }
}

/// Whether that many bytes of the header are there.
bool WsDecoder::collect(std::size_t header_bytes) noexcept {
  const std::size_t take = std::min(header_bytes - header_have_, input_.size());
  std::copy_n(input_.begin(), take, header_.begin() + header_have_);
  input_ = input_.subspan(take);
  header_have_ = static_cast<std::uint8_t>(header_have_ + take);
  return header_have_ == header_bytes;
}

/// What is wrong with the first two bytes, or nullptr.
const char* WsDecoder::judge_start() noexcept {
  fin_ = (header_[0] & 0x80) != 0;
  opcode_ = header_[0] & 0x0f;
  if ((header_[0] & 0x70) != 0) return "a reserved bit is set, but no extension was agreed on";
  if ((header_[1] & 0x80) == 0) return "frames of a client must be masked";
  if (is_control(opcode_)) {
    if (opcode_ > kPongOpcode) return "unknown control opcode";
    if (!fin_) return "a control frame must not be fragmented";
    if ((header_[1] & 0x7f) > kMaxControlBytes) return "a control frame has at most 125 bytes";
    return nullptr;
  }
  if (opcode_ > kBinary) return "unknown data opcode";
  if (opcode_ == kContinuation && !in_message_) return "a continuation without a message";
  if (opcode_ != kContinuation && in_message_) return "a message begins inside another one";
  return nullptr;
}

std::size_t WsDecoder::header_bytes() const noexcept {
  const unsigned length7 = header_[1] & 0x7fu;
  return length7 == 127 ? 14 : length7 == 126 ? 8 : 6;
}

WsEvent WsDecoder::begin_frame() {
  const std::size_t length_end = header_bytes() - mask_.size();
  std::uint64_t length = header_[1] & 0x7fu;
  if (length > kMaxControlBytes) {
    const std::uint64_t shorter = length == 126 ? kMaxControlBytes : 0xffff;
    length = 0;
    for (std::size_t i = 2; i < length_end; ++i) length = length << 8 | header_[i];
    if (length <= shorter) {
      return fail(CloseReason::kProtocolError, "a length must be written in the shortest form");
    }
    if (length >> 63 != 0) return fail(CloseReason::kProtocolError, "a length is below 2^63");
  }
  std::copy_n(header_.begin() + static_cast<std::ptrdiff_t>(length_end), mask_.size(),
              mask_.begin());
  mask_at_ = 0;
  header_have_ = 0;
  payload_left_ = length;
  stage_ = Stage::kPayload;
  text_.clear();
  return is_control(opcode_) ? WsEvent{} : begin_data(length);
}

WsEvent WsDecoder::begin_data(std::uint64_t length) {
  if (opcode_ != kContinuation) {
    in_message_ = true;
    is_text_ = opcode_ == kText;
    fragments_ = 0;
    message_bytes_ = 0;
    utf8_ = {};
  }
  if (++fragments_ > limits_.max_fragments) {
    return fail(
        CloseReason::kMessageTooBig,
        "a WebSocket message may have " + std::to_string(limits_.max_fragments) + " fragments");
  }
  message_bytes_ += length;
  if (message_bytes_ > limits_.max_message_bytes) {
    return fail(
        CloseReason::kMessageTooBig,
        "a WebSocket message may have " + std::to_string(limits_.max_message_bytes) + " bytes");
  }
  return {};
}

WsEvent WsDecoder::read_data() {
  const std::string_view bytes = take_payload();
  bool valid = !is_text_ || utf8_.feed(bytes);
  if (payload_left_ == 0) {
    stage_ = fin_ ? Stage::kMessageEnd : Stage::kStart;
    in_message_ = !fin_;
    valid = valid && (!fin_ || !is_text_ || utf8_.complete());
  }
  if (!valid) return fail(CloseReason::kBadText, "a text message must be UTF-8");
  if (bytes.empty()) return {};
  return {WsEvent::Kind::kData, bytes};
}

WsEvent WsDecoder::read_control() {
  text_.append(take_payload());
  if (payload_left_ > 0) return {};
  stage_ = Stage::kStart;
  if (opcode_ == kCloseOpcode) return read_close();
  return {opcode_ == kPingOpcode ? WsEvent::Kind::kPing : WsEvent::Kind::kPong, text_};
}

WsEvent WsDecoder::read_close() {
  if (text_.size() == 1) {
    return fail(CloseReason::kProtocolError, "a close frame is empty or has a code of two bytes");
  }
  std::uint16_t code = kNoCloseCode;
  std::string_view reason;
  if (!text_.empty()) {
    code = static_cast<std::uint16_t>(static_cast<unsigned char>(text_[0]) << 8 |
                                      static_cast<unsigned char>(text_[1]));
    reason = std::string_view(text_).substr(2);
    if (!is_close_code(code)) {
      return fail(CloseReason::kProtocolError,
                  "close code " + std::to_string(code) + " may not be sent");
    }
    if (!is_utf8(reason)) return fail(CloseReason::kBadText, "a close reason must be UTF-8");
  }
  stage_ = Stage::kFinished;
  input_ = {};
  return {WsEvent::Kind::kClose, reason, code};
}

std::string_view WsDecoder::take_payload() noexcept {
  const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, input_.size()));
  const std::span<char> bytes = input_.first(take);
  unmask(bytes, mask_, mask_at_);
  mask_at_ = static_cast<std::uint8_t>((mask_at_ + take) % mask_.size());
  payload_left_ -= take;
  input_ = input_.subspan(take);
  return {bytes.data(), bytes.size()};
}

WsEvent WsDecoder::fail(CloseReason reason, std::string text) {
  stage_ = Stage::kFinished;
  input_ = {};
  text_ = std::move(text);
  return {WsEvent::Kind::kError, text_, close_info(reason).websocket_code, reason};
}

}  // namespace stampede::gateway
