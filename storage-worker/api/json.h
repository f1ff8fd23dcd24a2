#pragma once

#include <string>
#include <string_view>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "shared/model/message.h"

namespace stampede::worker {

/// `text` when it is UTF-8, else with U+FFFD for every byte that is none: JSON knows nothing else.
std::string as_utf8(std::string_view text);

/// RFC 4648 section 4, with padding.
std::string base64(std::string_view bytes);

/// One JSON document, written from front to back. Strings are made UTF-8 by it.
class JsonWriter {
 public:
  void begin_object() { writer_.StartObject(); }
  void end_object() { writer_.EndObject(); }
  void begin_array() { writer_.StartArray(); }
  void end_array() { writer_.EndArray(); }
  void key(std::string_view name) { text(name); }
  void text(std::string_view value);
  void number(std::int64_t value) { writer_.Int64(value); }

  void field(std::string_view name, std::string_view value) {
    key(name);
    text(value);
  }
  void field(std::string_view name, std::int64_t value) {
    key(name);
    number(value);
  }

  /// The document, ended by a line feed for whoever reads it in a terminal.
  [[nodiscard]] std::string finish() const { return buffer_.GetString() + std::string(1, '\n'); }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

/// A message as docs/openapi.yaml describes it.
void write_message(JsonWriter& json, const Message& message);

}  // namespace stampede::worker
