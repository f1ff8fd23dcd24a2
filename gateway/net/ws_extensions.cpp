// The grammar of RFC 6455 section 9.1, where a value may be quoted but must be a token all the
// same. Beast's list stops at what it does not understand without telling; the RFC wants that
// refused.
#include "gateway/net/ws_extensions.h"

#include <algorithm>

namespace stampede::gateway {
namespace {

bool is_token_char(char c) noexcept {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

class Reader {
 public:
  explicit Reader(std::string_view text) noexcept : text_(text) {}

  [[nodiscard]] bool at_end() {
    skip_space();
    return text_.empty();
  }
  /// Takes `c` if it is next, spaces before it included.
  [[nodiscard]] bool take(char c) {
    skip_space();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// Empty when there is none.
  [[nodiscard]] std::string token() {
    skip_space();
    const auto end = std::find_if_not(text_.begin(), text_.end(), is_token_char);
    std::string found(text_.begin(), end);
    text_.remove_prefix(found.size());
    return found;
  }
  /// A token, quoted or not; empty when there is neither.
  [[nodiscard]] std::string value() {
    if (!take('"')) return token();
    std::string found;
    while (!text_.empty() && text_.front() != '"') {
      if (text_.front() == '\\') text_.remove_prefix(1);
      if (text_.empty() || !is_token_char(text_.front())) return {};
      found += text_.front();
      text_.remove_prefix(1);
    }
    if (text_.empty()) return {};
    text_.remove_prefix(1);
    return found;
  }

 private:
  void skip_space() {
    const std::size_t begin = text_.find_first_not_of(" \t");
    text_.remove_prefix(std::min(begin, text_.size()));
  }

  std::string_view text_;
};

bool parse_parameter(Reader& reader, WsExtension& extension) {
  WsExtension::Parameter parameter{reader.token(), {}};
  if (parameter.name.empty()) return false;
  if (reader.take('=')) {
    parameter.value = reader.value();
    if (parameter.value->empty()) return false;
  }
  extension.parameters.push_back(std::move(parameter));
  return true;
}

}  // namespace

bool parse_ws_extensions(std::string_view line, std::vector<WsExtension>& into) {
  Reader reader(line);
  while (!reader.at_end()) {
    if (reader.take(',')) continue;  // a list may have empty elements (RFC 7230 section 7)
    WsExtension extension{reader.token(), {}};
    if (extension.name.empty()) return false;
    while (reader.take(';')) {
      if (!parse_parameter(reader, extension)) return false;
    }
    into.push_back(std::move(extension));
    if (!reader.at_end() && !reader.take(',')) return false;
  }
  return true;
}

}  // namespace stampede::gateway
