#include "tests/fuzz/notation.h"

#include <algorithm>
#include <optional>

namespace stampede::fuzz {
namespace {

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  return std::nullopt;
}

/// Takes what follows a caret off `text` and does it.
void take_escape(std::string_view& text, std::vector<std::string>& pieces) {
  const char what = text.empty() ? '\0' : text[0];
  if (text.size() >= 2 && hex_digit(text[0]) && hex_digit(text[1])) {
    pieces.back() += static_cast<char>(*hex_digit(text[0]) << 4 | *hex_digit(text[1]));
    return text.remove_prefix(2);
  }
  switch (what) {
    case '@': pieces.back() += '\0'; break;
    case '^': pieces.back() += '^'; break;
    case '|': pieces.emplace_back(); break;
    case '\n': break;
    case '#': return text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    default: pieces.back() += '^'; return;
  }
  text.remove_prefix(1);
}

}  // namespace

std::string Stream::whole() const {
  std::string out;
  for (const std::string& piece : pieces) out += piece;
  return out;
}

Stream parse_stream(std::string_view text) {
  Stream out;
  out.pieces.emplace_back();
  while (!text.empty()) {
    const std::size_t caret = text.find('^');
    out.pieces.back() += text.substr(0, caret);
    if (caret == std::string_view::npos) break;
    text.remove_prefix(caret + 1);
    take_escape(text, out.pieces);
  }
  return out;
}

std::string_view take_line(std::string_view& input) {
  const std::size_t end = std::min(input.find('\n'), input.size());
  const std::string_view line = input.substr(0, end);
  input.remove_prefix(std::min(end + 1, input.size()));
  return line;
}

std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

}  // namespace stampede::fuzz
