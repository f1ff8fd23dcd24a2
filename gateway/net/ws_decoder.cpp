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
constexpr unsigned kCompressedBit = 0x40;
constexpr unsigned kReservedBits = 0x70;
/// What every compressed message ends with and no sender sends (RFC 7692 section 7.2.1).
constexpr std::array<char, 4> kDeflateTail{'\x00', '\x00', '\xff', '\xff'};

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
        if (payload_left_ > 0 && input_.empty() && !holds_output_) return {};
        const WsEvent event = read_payload();
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
  if (const char* wrong = judge_reserved_bits()) return wrong;
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

const char* WsDecoder::judge_reserved_bits() const noexcept {
  const unsigned set = header_[0] & kReservedBits;
  if (set == 0) return nullptr;
  if (inflaters_ == nullptr) {
    return "a reserved bit is set, but no extension was agreed on";
  }
  if (set != kCompressedBit) return "of the reserved bits only RSV1 was agreed on";
  if (is_control(opcode_)) return "a control frame must not be compressed";
  if (opcode_ == kContinuation) return "only a message's first frame says that it is compressed";
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
  if (opcode_ != kContinuation) begin_message();
  if (length > limits_.max_frame_bytes) {
    return fail_over(Limit::kWsFrame, "frame may have " + std::to_string(limits_.max_frame_bytes) +
                                          " bytes, this one has " + std::to_string(length));
  }
  if (++fragments_ > limits_.max_fragments) {
    return fail_over(Limit::kFragments,
                     "message may have " + std::to_string(limits_.max_fragments) + " fragments");
  }
  message_bytes_ += length;
  if (message_bytes_ > limits_.max_message_bytes) {
    return fail_over(Limit::kWsMessage,
                     "message may have " + std::to_string(limits_.max_message_bytes) + " bytes");
  }
  return {};
}

void WsDecoder::begin_message() {
  in_message_ = true;
  is_text_ = opcode_ == kText;
  fragments_ = 0;
  message_bytes_ = 0;
  utf8_ = {};
  if ((header_[0] & kCompressedBit) == 0) return;
  inflater_ = inflaters_->lend();
  inflated_bytes_ = 0;
  tail_at_ = 0;
}

WsEvent WsDecoder::read_payload() {
  if (is_control(opcode_)) return read_control();
  return inflater_ ? read_compressed() : read_data();
}

WsEvent WsDecoder::read_data() {
  const WsEvent piece = give(take_payload());
  if (piece.kind == WsEvent::Kind::kError || payload_left_ > 0) return piece;
  const WsEvent end = end_data_frame();
  return end.kind == WsEvent::Kind::kError ? end : piece;
}

/// Each call gives what fits into the pool's room. The payload is over when it gives nothing more,
/// the message when its tail does not either.
WsEvent WsDecoder::read_compressed() {
  const bool in_tail = payload_left_ == 0 && fin_;
  const Inflater::Step step = in_tail ? inflate_tail() : inflate_payload();
  if (!step.valid) return fail(CloseReason::kBadCompression, "a compressed message is not DEFLATE");
  holds_output_ = step.given > 0;
  if (holds_output_) return give_inflated(step.given);
  if (payload_left_ > 0 || (fin_ && !in_tail)) return {};
  return end_data_frame();
}

/// Up to the limit, then one byte to see whether there is more.
std::span<char> WsDecoder::inflate_room() noexcept {
  const std::size_t left = limits_.max_message_bytes - inflated_bytes_;
  const std::span<char> all = inflaters_->output();
  return all.first(std::clamp<std::size_t>(left, 1, all.size()));
}

Inflater::Step WsDecoder::inflate_payload() {
  const Inflater::Step step = inflater_->inflate(unmasked_payload(), inflate_room());
  drop_payload(step.taken);
  return step;
}

Inflater::Step WsDecoder::inflate_tail() {
  std::span<const char> tail;
  // Some who end with a last block leave the padding off that belongs behind it, and an empty
  // message may be empty here, too.
  if (!inflater_->at_last_block() && message_bytes_ > 0) {
    tail = std::span(kDeflateTail).subspan(tail_at_);
  }
  const Inflater::Step step = inflater_->inflate(tail, inflate_room());
  tail_at_ = static_cast<std::uint8_t>(tail_at_ + step.taken);
  return step;
}

WsEvent WsDecoder::give_inflated(std::size_t bytes) {
  if (inflated_bytes_ == limits_.max_message_bytes) {
    return fail_over(Limit::kWsMessage, "message may have " +
                                            std::to_string(limits_.max_message_bytes) +
                                            " bytes when it is inflated");
  }
  inflated_bytes_ += bytes;
  return give({inflaters_->output().data(), bytes});
}

WsEvent WsDecoder::give(std::string_view bytes) {
  if (is_text_ && !utf8_.feed(bytes)) {
    return fail(CloseReason::kBadText, "a text message must be UTF-8");
  }
  if (bytes.empty()) return {};
  return {WsEvent::Kind::kData, bytes};
}

WsEvent WsDecoder::end_data_frame() {
  stage_ = fin_ ? Stage::kMessageEnd : Stage::kStart;
  in_message_ = !fin_;
  if (!fin_) return {};
  if (inflater_ && message_bytes_ > 0 && !inflater_->between_blocks()) {
    return fail(CloseReason::kBadCompression, "a compressed message ends inside a DEFLATE block");
  }
  if (inflater_) inflaters_->give_back(std::move(inflater_));
  if (is_text_ && !utf8_.complete()) {
    return fail(CloseReason::kBadText, "a text message must be UTF-8");
  }
  return {};
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
  finish();
  return {WsEvent::Kind::kClose, reason, code};
}

/// What is there of the frame's payload. It stays in the input until it is dropped, and may be
/// looked at again.
std::span<char> WsDecoder::unmasked_payload() noexcept {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, input_.size()));
  const std::span<char> bytes = input_.first(size);
  unmask(bytes.subspan(unmasked_), mask_, mask_at_);
  mask_at_ = static_cast<std::uint8_t>((mask_at_ + size - unmasked_) % mask_.size());
  unmasked_ = size;
  return bytes;
}

void WsDecoder::drop_payload(std::size_t bytes) noexcept {
  payload_left_ -= bytes;
  input_ = input_.subspan(bytes);
  unmasked_ -= bytes;
}

std::string_view WsDecoder::take_payload() noexcept {
  const std::span<char> bytes = unmasked_payload();
  drop_payload(bytes.size());
  return {bytes.data(), bytes.size()};
}

void WsDecoder::finish() noexcept {
  stage_ = Stage::kFinished;
  input_ = {};
  holds_output_ = false;
  if (inflater_) inflaters_->give_back(std::move(inflater_));
}

WsEvent WsDecoder::fail(CloseReason reason, std::string text) {
  finish();
  text_ = std::move(text);
  return {WsEvent::Kind::kError, text_, close_info(reason).websocket_code, reason};
}

WsEvent WsDecoder::fail_over(Limit limit, const std::string& what_may_have) {
  WsEvent event = fail(CloseReason::kMessageTooBig, "a WebSocket " + what_may_have);
  event.limit = limit;
  return event;
}

}  // namespace stampede::gateway
