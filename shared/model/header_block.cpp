// Stores keep headers as bytes and not as JSON: a client may send what is not UTF-8, and no client
// may be able to make a row that the database refuses.
#include "shared/model/header_block.h"

namespace stampede {
namespace {

void put_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '\\': out += "\\\\"; break;
      case ':': out += "\\c"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      default: out += c;
    }
  }
}

Result<std::string> unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    ++i;
    switch (i < text.size() ? text[i] : '\0') {
      case '\\': out += '\\'; break;
      case 'c': out += ':'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      default: return Error(Errc::kProtocol, "stored headers: unknown escape");
    }
  }
  return out;
}

}  // namespace

std::string encode_header_block(const std::vector<MessageHeader>& headers) {
  std::string out;
  for (const MessageHeader& header : headers) {
    put_escaped(out, header.name);
    out += ':';
    put_escaped(out, header.value);
    out += '\n';
  }
  return out;
}

Result<std::vector<MessageHeader>> decode_header_block(std::string_view block) {
  std::vector<MessageHeader> out;
  while (!block.empty()) {
    const auto end = block.find('\n');
    const auto colon = block.find(':');
    if (end == std::string_view::npos || colon > end) {
      return Error(Errc::kProtocol, "stored headers: a line without ':' or without its end");
    }
    auto name = unescape(block.substr(0, colon));
    if (!name) return name.error();
    auto value = unescape(block.substr(colon + 1, end - colon - 1));
    if (!value) return value.error();
    out.push_back({*std::move(name), *std::move(value)});
    block.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace stampede
