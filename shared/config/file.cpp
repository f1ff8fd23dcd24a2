// A reader for the flat part of TOML. CLI11 has one for all of it, but that cuts strings at a '#',
// skips what it does not understand and knows no line numbers; a configuration should not be
// guessed.
#include <cerrno>
#include <cstring>
#include <fstream>

#include "shared/config/sources.h"

namespace stampede::config {
namespace {

Error bad(std::string text) { return {Errc::kInvalidArgument, std::move(text)}; }

bool is_key_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

std::string_view without_space(std::string_view text) {
  const std::size_t start = std::min(text.find_first_not_of(" \t\r"), text.size());
  return text.substr(start);
}

/// Takes a string in quotes off the front of `text`.
Result<std::string> take_quoted(std::string_view& text) {
  const char quote = text.front();
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    char c = text[i];
    if (c == quote) {
      text.remove_prefix(i + 1);
      return value;
    }
    if (c == '\\' && quote == '"') {
      static constexpr std::string_view kEscaped = "\"\\tn";
      static constexpr std::string_view kMeaning = "\"\\\t\n";
      const std::size_t which =
          i + 1 < text.size() ? kEscaped.find(text[i + 1]) : std::string_view::npos;
      if (which == std::string_view::npos) {
        return bad(R"(a '\' in "…" is followed by ", \, t or n; '…' takes it as it is)");
      }
      c = kMeaning[which];
      ++i;
    }
    value.push_back(c);
  }
  return bad("the string does not end on its line");
}

/// Takes a value off the front: a string, or a bare word (a number, true, false).
Result<std::string> take_value(std::string_view& text) {
  if (text.starts_with('"') || text.starts_with('\'')) return take_quoted(text);
  const std::string_view word = text.substr(0, text.find_first_of(" \t\r#"));
  text.remove_prefix(word.size());
  std::string value;
  for (const char c : word) {
    if (c != '_') value.push_back(c);
  }
  const bool number = !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
  if (number || value == "true" || value == "false") return value;
  return bad("a value is a string in quotes, a whole number, true or false");
}

/// One line; nothing for an empty one.
Result<std::optional<Given>> parse_line(std::string_view line) {
  line = without_space(line);
  if (line.empty() || line.starts_with('#')) return std::optional<Given>();
  if (line.starts_with('[')) return bad("sections are not used here, every key stands at the top");
  Given given;
  while (!line.empty() && is_key_char(line.front())) {
    given.name.push_back(line.front());
    line.remove_prefix(1);
  }
  line = without_space(line);
  if (given.name.empty() || !line.starts_with('=')) {
    return bad("expected is: option-name = value");
  }
  line.remove_prefix(1);
  line = without_space(line);
  auto value = take_value(line);
  if (!value) return Error(value.error().code, given.name + ": " + value.error().detail);
  given.value = std::move(*value);
  line = without_space(line);
  if (!line.empty() && !line.starts_with('#')) {
    return bad(given.name + ": something follows the value");
  }
  return std::optional(std::move(given));
}

}  // namespace

std::vector<Given> read_file(const std::string& path, std::vector<Problem>& problems) {
  std::vector<Given> all;
  std::ifstream file(path);
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string where = path + ":" + std::to_string(number);
    auto given = parse_line(line);
    if (!given) {
      problems.push_back({where, given.error().detail});
    } else if (*given) {
      (*given)->where = where + ": " + (*given)->name;
      all.push_back(std::move(**given));
    }
  }
  // A directory opens and fails at the first read.
  if (!file.is_open() || file.bad()) {
    problems.push_back({path, std::string("cannot be read: ") + std::strerror(errno)});
  }
  return all;
}

}  // namespace stampede::config
