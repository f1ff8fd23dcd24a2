// Chat bodies and headers may be any bytes and JSON is UTF-8 only: bodies go as base64 when they
// must, everything else as the nearest text.
#include "storage-worker/api/json.h"

#include <algorithm>

#include "shared/base/utf8.h"

namespace stampede::worker {
namespace {

/// The length of the UTF-8 sequence at the front of `text`, 0 when there is none.
std::size_t sequence_length(std::string_view text) {
  for (std::size_t length = 1; length <= std::min<std::size_t>(4, text.size()); ++length) {
    if (is_utf8(text.substr(0, length))) return length;
  }
  return 0;
}

/// STOMP lets the first of repeated headers win, and a JSON object has a name once.
void write_headers(JsonWriter& json, const std::vector<MessageHeader>& headers) {
  json.begin_object();
  for (auto header = headers.begin(); header != headers.end(); ++header) {
    const bool repeated = std::any_of(headers.begin(), header, [&](const MessageHeader& earlier) {
      return earlier.name == header->name;
    });
    if (!repeated) json.field(header->name, header->value);
  }
  json.end_object();
}

}  // namespace

std::string as_utf8(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";
      text.remove_prefix(1);
    } else {
      out.append(text.substr(0, length));
      text.remove_prefix(length);
    }
  }
  return out;
}

std::string base64(std::string_view bytes) {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      const auto byte = i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u;
      group = group << 8 | byte;
    }
    out += kAlphabet[group >> 18];
    out += kAlphabet[group >> 12 & 63];
    out += i + 1 < bytes.size() ? kAlphabet[group >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? kAlphabet[group & 63] : '=';
  }
  return out;
}

void JsonWriter::text(std::string_view value) {
  if (is_utf8(value)) {
    writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    return;
  }
  const std::string fixed = as_utf8(value);
  writer_.String(fixed.data(), static_cast<rapidjson::SizeType>(fixed.size()));
}

void write_message(JsonWriter& json, const Message& message) {
  json.begin_object();
  json.field("id", to_string(message.id));
  json.field("seq", message.position.seq);
  json.field("prev", message.position.prev);
  json.field("sender", message.sender.str());
  json.field("timestamp", message.timestamp_ms);
  json.field("contentType", message.content_type);
  json.key("headers");
  write_headers(json, message.headers);
  if (is_utf8(message.body)) {
    json.field("body", message.body);
  } else {
    json.field("encoding", "base64");
    json.field("body", base64(message.body));
  }
  json.end_object();
}

}  // namespace stampede::worker
