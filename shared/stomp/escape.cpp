// STOMP 1.2 "Value Encoding", 1.1 "Value Encoding"; 1.0 has none. Most headers contain nothing to
// escape, so both directions look for the first special byte before they touch anything.
#include "shared/stomp/escape.h"

#include <array>
#include <cstring>

namespace stampede::stomp {
namespace {

/// The byte that `\code` stands for, or nullopt.
std::optional<char> unescaped(char code, Escaping escaping) noexcept {
  switch (code) {
    case 'n': return '\n';
    case 'c': return ':';
    case '\\': return '\\';
    case 'r':
      if (escaping == Escaping::kV12) return '\r';
      return std::nullopt;
    default: return std::nullopt;
  }
}

/// The bytes that `append_one` must see; a table, because every byte of every header is asked.
constexpr std::array<bool, 256> kSpecial = [] {
  std::array<bool, 256> special{};
  for (const unsigned char c : {'\\', ':', '\n', '\r', '\0'}) special[c] = true;
  return special;
}();

void append_one(std::string& out, char c, Escaping escaping) {
  if (c == '\0') return;
  if (escaping == Escaping::kNone) {
    if (c != '\n') out += c;
    return;
  }
  switch (c) {
    case '\n': out += "\\n"; return;
    case ':': out += "\\c"; return;
    case '\\': out += "\\\\"; return;
    case '\r':
      if (escaping == Escaping::kV12) {
        out += "\\r";
      } else {
        out += c;
      }
      return;
    default: out += c;
  }
}

}  // namespace

Escaping escaping_of(Version version, Command command) noexcept {
  if (version == Version::kV10 || command == Command::kConnect || command == Command::kStomp ||
      command == Command::kConnected) {
    return Escaping::kNone;
  }
  return version == Version::kV11 ? Escaping::kV11 : Escaping::kV12;
}

std::optional<std::size_t> unescape(char* text, std::size_t size, Escaping escaping) noexcept {
  if (size == 0) return 0;
  const char* end = text + size;
  const char* at = static_cast<const char*>(std::memchr(text, '\\', size));
  if (at == nullptr) return size;
  char* out = text + (at - text);
  while (at != end) {
    if (*at != '\\') {
      *out++ = *at++;
      continue;
    }
    if (at + 1 == end) return std::nullopt;
    const std::optional<char> c = unescaped(at[1], escaping);
    if (!c) return std::nullopt;
    *out++ = *c;
    at += 2;
  }
  return static_cast<std::size_t>(out - text);
}

bool is_sayable_name(std::string_view name, Escaping escaping) noexcept {
  using namespace std::string_view_literals;
  // Not find_first_of for one byte, which would search a set of one for each byte of the name.
  const std::size_t unsayable =
      escaping == Escaping::kNone ? name.find_first_of(":\r\n\0"sv) : name.find('\0');
  return !name.empty() && unsayable == std::string_view::npos;
}

void append_escaped(std::string& out, std::string_view text, Escaping escaping) {
  while (!text.empty()) {
    const char* special = text.data();
    const char* const end = special + text.size();
    while (special != end && !kSpecial[static_cast<unsigned char>(*special)]) ++special;
    const auto plain = static_cast<std::size_t>(special - text.data());
    out.append(text.data(), plain);
    if (special == end) return;
    append_one(out, *special, escaping);
    text.remove_prefix(plain + 1);
  }
}

}  // namespace stampede::stomp
