#pragma once

#include <amqp.h>
#include <amqp_framing.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/error.h"

namespace stampede::rabbitmq {

/// rabbitmq-c as a codec: it translates methods and property lists, the framing around them (seven
/// octets and an end mark, AMQP 0-9-1 section 4.2.3) is ours. No sockets, no time. One thread.

using ChannelId = std::uint16_t;
using Method = amqp_method_t;

inline constexpr std::size_t kFrameOverhead = 8;
inline constexpr std::uint32_t kFrameMaxBytes = 131'072;
/// The first eight bytes of a connection.
inline constexpr std::string_view kProtocolHeader{"AMQP\0\0\x09\x01", 8};

struct Frame {
  std::uint8_t type = 0;  ///< AMQP_FRAME_METHOD, _HEADER, _BODY or _HEARTBEAT
  ChannelId channel = 0;
  std::string_view payload;
};

/// Takes the first whole frame off `input`; nothing if it is not all there yet. kProtocol: this is
/// not AMQP 0-9-1, or the frame is larger than `frame_max`. The payload points into `input`.
Result<std::optional<Frame>> cut_frame(std::string_view& input, std::size_t frame_max);

inline amqp_bytes_t to_amqp(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};
}
inline std::string_view from_amqp(amqp_bytes_t bytes) {
  return {static_cast<const char*>(bytes.bytes), bytes.len};
}

/// A field table to send. Keys and texts are not copied: they outlive the encoding.
class Table {
 public:
  Table& text(std::string_view key, std::string_view value);
  Table& number(std::string_view key, std::int64_t value);
  Table& flag(std::string_view key, bool value);
  Table& table(std::string_view key, const Table& value);
  [[nodiscard]] amqp_table_t view() const;

 private:
  amqp_table_entry_t& add(std::string_view key, std::uint8_t kind);
  std::vector<amqp_table_entry_t> entries_;
};

/// Appends one method frame. `method` is the struct of rabbitmq-c that belongs to `id`; its texts
/// are bounded by their owners (url.h, rabbitmq.h), so that encoding cannot fail.
template <class M>
void append_method(std::string& out, ChannelId channel, amqp_method_number_t id, M method);
void append_encoded_method(std::string& out, ChannelId channel, amqp_method_number_t id,
                           void* method);

/// Appends basic.publish with its header and body frames.
void append_publish(std::string& out, ChannelId channel, amqp_basic_publish_t method,
                    amqp_basic_properties_t properties, std::string_view body,
                    std::size_t frame_max);

void append_heartbeat(std::string& out);

template <class M>
void append_method(std::string& out, ChannelId channel, amqp_method_number_t id, M method) {
  append_encoded_method(out, channel, id, &method);
}

/// Memory for what is decoded, used again for every frame.
class DecodePool {
 public:
  DecodePool() { init_amqp_pool(&pool_, 4096); }
  ~DecodePool() { empty_amqp_pool(&pool_); }
  DecodePool(const DecodePool&) = delete;
  DecodePool& operator=(const DecodePool&) = delete;

  /// What was decoded before becomes invalid.
  void recycle() { recycle_amqp_pool(&pool_); }
  [[nodiscard]] amqp_pool_t* get() { return &pool_; }

 private:
  amqp_pool_t pool_{};
};

/// The result points into `pool` and `payload`.
Result<Method> decode_method(std::string_view payload, DecodePool& pool);

/// A message from the broker: delivered to a consumer, or returned to its publisher.
struct Content {
  bool returned = false;
  std::uint64_t delivery_tag = 0;  ///< delivered
  bool redelivered = false;        ///< delivered
  std::uint16_t reply_code = 0;    ///< returned
  std::string reply_text;          ///< returned
  std::string routing_key;
  std::string app_id;
  std::string correlation_id;
  std::string_view body;  ///< valid during the call it is handed out in
};

/// Puts the frames of one channel's messages together. A body in one frame, as nearly all are, is
/// not copied.
class ContentAssembler {
 public:
  /// basic.deliver or basic.return.
  Result<void> begin(const Method& method);
  /// The whole message, when this was its last frame; valid until the next call.
  Result<const Content*> header(std::string_view payload, DecodePool& pool);
  Result<const Content*> body(std::string_view payload);

 private:
  enum class Expect { kMethod, kHeader, kBody };

  Expect expect_ = Expect::kMethod;
  std::uint64_t body_size_ = 0;
  std::string buffer_;  ///< of a body in several frames
  Content content_;
};

}  // namespace stampede::rabbitmq
