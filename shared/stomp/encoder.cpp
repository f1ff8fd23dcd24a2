// What the gateway says. A value that a client chose goes through here before it reaches another
// client, so nothing that is written can end a line, a header block or a frame early.
#include "shared/stomp/encoder.h"

#include <charconv>

namespace stampede::stomp {

FrameWriter::FrameWriter(Version version, Command command)
    : escaping_(escaping_of(version, command)) {
  out_.reserve(512);  // a chat message and its headers
  out_ += to_string(command);
  out_ += '\n';
}

FrameWriter& FrameWriter::header(std::string_view name, std::string_view value) {
  // Without its colon `content:-length` would be a header that decides where the body ends.
  if (!is_sayable_name(name, escaping_)) return *this;
  append_escaped(out_, name, escaping_);
  out_ += ':';
  append_escaped(out_, value, escaping_);
  out_ += '\n';
  return *this;
}

FrameWriter& FrameWriter::header(std::string_view name, long long value) {
  if (!is_sayable_name(name, escaping_)) return *this;
  append_escaped(out_, name, escaping_);
  out_ += ':';
  char digits[24];  // nothing in them to escape
  out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  out_ += '\n';
  return *this;
}

std::string FrameWriter::finish(std::string_view body) {
  if (!body.empty()) header("content-length", static_cast<long long>(body.size()));
  out_.reserve(out_.size() + body.size() + 3);
  out_ += '\n';
  out_ += body;
  out_ += '\0';
  out_ += '\n';
  return std::move(out_);
}

}  // namespace stampede::stomp
