// amqp_handle_input is not used: it copies every frame into memory of its own, keeps a socket
// buffer per connection and aborts the process on a wrong call. Cutting frames is a few lines, and
// the rest of rabbitmq-c (amqp_decode_method, amqp_encode_method and the same for properties) is
// pure.
#include "shared/adapters/rabbitmq/codec.h"

#include <array>
#include <cstdlib>

#include "shared/base/log.h"

namespace stampede::rabbitmq {
namespace {

constexpr std::size_t kFrameHeader = 7;
constexpr std::size_t kContentHeader = 12;
constexpr std::uint64_t kMaxBodyBytes = 512U * 1024 * 1024;  // RabbitMQ's own upper limit
constexpr std::size_t kKeepBufferBytes = 1024 * 1024;

std::uint64_t read_uint(std::string_view text, std::size_t at, std::size_t octets) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < octets; ++i) out = out << 8 | static_cast<std::uint8_t>(text[at + i]);
  return out;
}

template <std::size_t Octets>
void write_uint(char* at, std::uint64_t value) {
  for (std::size_t i = Octets; i-- > 0; value >>= 8) at[i] = static_cast<char>(value & 0xff);
}

Error protocol_error(const std::string& what) { return {Errc::kProtocol, "AMQP: " + what}; }

void append_frame(std::string& out, std::uint8_t type, ChannelId channel, std::string_view prefix,
                  std::string_view payload) {
  std::array<char, kFrameHeader> header{};
  header[0] = static_cast<char>(type);
  write_uint<2>(&header[1], channel);
  write_uint<4>(&header[3], prefix.size() + payload.size());
  out.append(header.data(), header.size());
  out.append(prefix);
  out.append(payload);
  out += static_cast<char>(AMQP_FRAME_END);
}

/// Everything we send but bodies is smaller than this, because the owners of texts bound them; a
/// frame that does not fit is a mistake of ours after which nothing may be sent.
using Scratch = std::array<char, 8192>;

std::string_view encoded(const Scratch& scratch, int result, const char* what) {
  if (result < 0) {
    log_error("AMQP frame does not fit", {{"frame", what}, {"why", amqp_error_string2(result)}});
    std::abort();
  }
  return {scratch.data(), static_cast<std::size_t>(result)};
}

}  // namespace

Result<std::optional<Frame>> cut_frame(std::string_view& input, std::size_t frame_max) {
  if (input.empty()) return std::optional<Frame>();
  Frame frame;
  frame.type = static_cast<std::uint8_t>(input[0]);
  const bool known = frame.type == AMQP_FRAME_METHOD || frame.type == AMQP_FRAME_HEADER ||
                     frame.type == AMQP_FRAME_BODY || frame.type == AMQP_FRAME_HEARTBEAT;
  if (!known) {
    return protocol_error(frame.type == 'A' ? "the server speaks another version than 0-9-1"
                                            : "the server does not speak it");
  }
  if (input.size() < kFrameHeader) return std::optional<Frame>();
  const auto size = static_cast<std::size_t>(read_uint(input, 3, 4));
  if (size + kFrameOverhead > frame_max) {
    return protocol_error("a frame of " + std::to_string(size) + " bytes; the limit is " +
                          std::to_string(frame_max));
  }
  if (input.size() < size + kFrameOverhead) return std::optional<Frame>();
  if (static_cast<std::uint8_t>(input[kFrameHeader + size]) != AMQP_FRAME_END) {
    return protocol_error("a frame without its end mark");
  }
  frame.channel = static_cast<ChannelId>(read_uint(input, 1, 2));
  frame.payload = input.substr(kFrameHeader, size);
  input.remove_prefix(size + kFrameOverhead);
  return std::optional<Frame>(frame);
}

amqp_table_entry_t& Table::add(std::string_view key, std::uint8_t kind) {
  amqp_table_entry_t& entry = entries_.emplace_back();
  entry.key = to_amqp(key);
  entry.value.kind = kind;
  return entry;
}

Table& Table::text(std::string_view key, std::string_view value) {
  add(key, AMQP_FIELD_KIND_UTF8).value.value.bytes = to_amqp(value);
  return *this;
}

Table& Table::number(std::string_view key, std::int64_t value) {
  add(key, AMQP_FIELD_KIND_I64).value.value.i64 = value;
  return *this;
}

Table& Table::flag(std::string_view key, bool value) {
  add(key, AMQP_FIELD_KIND_BOOLEAN).value.value.boolean = value ? 1 : 0;
  return *this;
}

Table& Table::table(std::string_view key, const Table& value) {
  add(key, AMQP_FIELD_KIND_TABLE).value.value.table = value.view();
  return *this;
}

amqp_table_t Table::view() const {
  return {static_cast<int>(entries_.size()), const_cast<amqp_table_entry_t*>(entries_.data())};
}

void append_encoded_method(std::string& out, ChannelId channel, amqp_method_number_t id,
                           void* method) {
  Scratch scratch;
  write_uint<4>(scratch.data(), id);
  const int size = amqp_encode_method(id, method, {scratch.size() - 4, scratch.data() + 4});
  const auto arguments = encoded(scratch, size, amqp_method_name(id)).size();
  append_frame(out, AMQP_FRAME_METHOD, channel, {scratch.data(), 4 + arguments}, {});
}

void append_publish(std::string& out, ChannelId channel, amqp_basic_publish_t method,
                    amqp_basic_properties_t properties, std::string_view body,
                    std::size_t frame_max) {
  append_encoded_method(out, channel, AMQP_BASIC_PUBLISH_METHOD, &method);
  Scratch scratch;
  const int size =
      amqp_encode_properties(AMQP_BASIC_CLASS, &properties, {scratch.size(), scratch.data()});
  std::array<char, kContentHeader> head{};
  write_uint<2>(head.data(), AMQP_BASIC_CLASS);
  write_uint<8>(&head[4], body.size());
  append_frame(out, AMQP_FRAME_HEADER, channel, {head.data(), head.size()},
               encoded(scratch, size, "the property list"));
  for (const std::size_t most = frame_max - kFrameOverhead; !body.empty();) {
    const std::string_view part = body.substr(0, most);
    append_frame(out, AMQP_FRAME_BODY, channel, {}, part);
    body.remove_prefix(part.size());
  }
}

void append_heartbeat(std::string& out) { append_frame(out, AMQP_FRAME_HEARTBEAT, 0, {}, {}); }

Result<Method> decode_method(std::string_view payload, DecodePool& pool) {
  if (payload.size() < 4) return protocol_error("a method frame of less than 4 bytes");
  Method method{static_cast<amqp_method_number_t>(read_uint(payload, 0, 4)), nullptr};
  const int result =
      amqp_decode_method(method.id, pool.get(), to_amqp(payload.substr(4)), &method.decoded);
  if (result < 0) {
    return protocol_error("method " + std::to_string(method.id >> 16) + "." +
                          std::to_string(method.id & 0xffff) + ": " + amqp_error_string2(result));
  }
  return method;
}

Result<void> ContentAssembler::begin(const Method& method) {
  if (expect_ != Expect::kMethod) return protocol_error("a message inside a message");
  content_.returned = method.id == AMQP_BASIC_RETURN_METHOD;
  if (content_.returned) {
    const auto& in = *static_cast<const amqp_basic_return_t*>(method.decoded);
    content_.reply_code = in.reply_code;
    content_.reply_text = from_amqp(in.reply_text);
    content_.routing_key = from_amqp(in.routing_key);
  } else {
    const auto& in = *static_cast<const amqp_basic_deliver_t*>(method.decoded);
    content_.delivery_tag = in.delivery_tag;
    content_.redelivered = in.redelivered != 0;
    content_.routing_key = from_amqp(in.routing_key);
  }
  expect_ = Expect::kHeader;
  return {};
}

Result<const Content*> ContentAssembler::header(std::string_view payload, DecodePool& pool) {
  if (expect_ != Expect::kHeader) return protocol_error("a content header out of place");
  if (payload.size() < kContentHeader) return protocol_error("a content header that ends early");
  body_size_ = read_uint(payload, 4, 8);
  if (body_size_ > kMaxBodyBytes) return protocol_error("a body of more than 512 MiB");
  void* decoded = nullptr;
  const int result =
      amqp_decode_properties(static_cast<std::uint16_t>(read_uint(payload, 0, 2)), pool.get(),
                             to_amqp(payload.substr(kContentHeader)), &decoded);
  if (result < 0 || read_uint(payload, 0, 2) != AMQP_BASIC_CLASS) {
    return protocol_error("a property list that cannot be read");
  }
  const auto& properties = *static_cast<const amqp_basic_properties_t*>(decoded);
  const bool has_app_id = (properties._flags & AMQP_BASIC_APP_ID_FLAG) != 0;
  const bool has_correlation_id = (properties._flags & AMQP_BASIC_CORRELATION_ID_FLAG) != 0;
  content_.app_id = has_app_id ? from_amqp(properties.app_id) : std::string_view();
  content_.correlation_id =
      has_correlation_id ? from_amqp(properties.correlation_id) : std::string_view();
  content_.body = {};
  if (buffer_.capacity() > kKeepBufferBytes) buffer_ = {};
  buffer_.clear();
  expect_ = body_size_ == 0 ? Expect::kMethod : Expect::kBody;
  return body_size_ == 0 ? &content_ : nullptr;
}

Result<const Content*> ContentAssembler::body(std::string_view payload) {
  if (expect_ != Expect::kBody) return protocol_error("a body frame out of place");
  if (payload.size() > body_size_ - buffer_.size()) {
    return protocol_error("a body longer than its header says");
  }
  if (buffer_.empty() && payload.size() == body_size_) {
    content_.body = payload;
  } else {
    buffer_.append(payload);
    if (buffer_.size() < body_size_) return nullptr;
    content_.body = buffer_;
  }
  expect_ = Expect::kMethod;
  return &content_;
}

}  // namespace stampede::rabbitmq
