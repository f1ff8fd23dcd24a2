// How each kind of value is written and read. Errors say what is allowed and never repeat the text:
// the caller does that, unless it is a credential.
#include "shared/config/value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

namespace stampede::config {
namespace {

Error bad(std::string text) { return {Errc::kInvalidArgument, std::move(text)}; }

/// A whole number and the unit behind it: "250ms" is 250 and "ms".
struct Quantity {
  std::uint64_t number = 0;
  std::string_view unit;
};

std::optional<Quantity> parse_quantity(std::string_view text) {
  Quantity quantity;
  const auto [end, failure] =
      std::from_chars(text.data(), text.data() + text.size(), quantity.number);
  if (failure != std::errc()) return std::nullopt;
  quantity.unit = text.substr(static_cast<std::size_t>(end - text.data()));
  return quantity;
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array<Unit, 3> kSizes{
    {{"GiB", 1ULL << 30U}, {"MiB", 1ULL << 20U}, {"KiB", 1ULL << 10U}}};
constexpr std::array<Unit, 4> kDurations{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

/// The number times its unit's factor; nothing for an unknown unit or one that is too much.
template <std::size_t N>
std::optional<std::uint64_t> scaled(const Quantity& quantity, const std::array<Unit, N>& units) {
  const auto unit = std::find_if(units.begin(), units.end(),
                                 [&](const Unit& u) { return u.name == quantity.unit; });
  if (unit == units.end()) return std::nullopt;
  if (quantity.number > std::numeric_limits<std::int64_t>::max() / unit->factor)
    return std::nullopt;
  return quantity.number * unit->factor;
}

/// In the largest unit that leaves no rest.
template <std::size_t N>
std::string shown(std::uint64_t amount, const std::array<Unit, N>& units, std::string_view rest) {
  for (const Unit& unit : units) {
    if (amount != 0 && amount % unit.factor == 0) {
      return std::to_string(amount / unit.factor).append(unit.name);
    }
  }
  return std::to_string(amount).append(rest);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto quantity = parse_quantity(text);
  if (!quantity) return std::nullopt;
  return quantity->unit.empty() ? quantity->number : scaled(*quantity, kSizes);
}

std::optional<std::uint64_t> parse_duration(std::string_view text) {
  const auto quantity = parse_quantity(text);
  if (!quantity) return std::nullopt;
  if (quantity->unit.empty() && quantity->number == 0) return 0;
  return scaled(*quantity, kDurations);
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarn: return "warn";
    case LogLevel::kError: return "error";
  }
  return {};
}

/// Stores what `parse` made of the text.
template <class T, class Parse>
std::function<Result<void>(std::string_view)> storing(T& into, Parse parse) {
  return [&into, parse](std::string_view text) -> Result<void> {
    auto parsed = parse(text);
    if (!parsed) return parsed.error();
    into = *std::move(parsed);
    return {};
  };
}

/// Where `number` came from text and has to lie between two bounds.
template <class T>
Result<T> within(std::optional<std::uint64_t> number, std::uint64_t least, std::uint64_t most,
                 const std::string& otherwise) {
  if (!number || *number < least || *number > most) return bad(otherwise);
  return T(*number);
}

}  // namespace

std::string show_size(std::size_t bytes) { return shown(bytes, kSizes, ""); }

std::string show_duration(Milliseconds duration) {
  return shown(static_cast<std::uint64_t>(duration.count()), kDurations, "");
}

Value flag_value(bool& into) {
  static constexpr std::array<std::string_view, 4> kYes{"true", "yes", "on", "1"};
  static constexpr std::array<std::string_view, 4> kNo{"false", "no", "off", "0"};
  Value value;
  value.flag = true;
  value.parse = storing(into, [](std::string_view text) -> Result<bool> {
    if (std::find(kYes.begin(), kYes.end(), text) != kYes.end()) return true;
    if (std::find(kNo.begin(), kNo.end(), text) != kNo.end()) return false;
    return bad("allowed are true, yes, on, 1 and false, no, off, 0");
  });
  value.show = [&into] { return into ? "true" : "false"; };
  return value;
}

Value count_value(std::size_t& into, std::size_t least, std::size_t most) {
  Value value;
  value.unit = "COUNT";
  value.allowed = std::to_string(least) + " to " + std::to_string(most);
  value.parse = storing(into, [=, allowed = value.allowed](std::string_view text) {
    const auto quantity = parse_quantity(text);
    const bool plain = quantity && quantity->unit.empty();
    return within<std::size_t>(plain ? std::optional(quantity->number) : std::nullopt, least, most,
                               "allowed are whole numbers from " + allowed);
  });
  value.show = [&into] { return std::to_string(into); };
  return value;
}

Value size_value(std::size_t& into, std::size_t least, std::size_t most) {
  Value value;
  value.unit = "SIZE";
  value.allowed = show_size(least) + " to " + show_size(most);
  value.parse = storing(into, [=, allowed = value.allowed](std::string_view text) {
    return within<std::size_t>(parse_size(text), least, most,
                               "allowed are " + allowed + ", written like 512, 64KiB, 16MiB");
  });
  value.show = [&into] { return show_size(into); };
  return value;
}

Value duration_value(Milliseconds& into, Milliseconds least, Milliseconds most) {
  Value value;
  value.unit = "DURATION";
  value.allowed = show_duration(least) + " to " + show_duration(most);
  value.parse = storing(into, [=, allowed = value.allowed](std::string_view text) {
    return within<Milliseconds>(parse_duration(text), static_cast<std::uint64_t>(least.count()),
                                static_cast<std::uint64_t>(most.count()),
                                "allowed are " + allowed + ", written like 250ms, 10s, 2m, 1h");
  });
  value.show = [&into] { return show_duration(into); };
  return value;
}

Value endpoint_value(Endpoint& into) {
  Value value;
  value.unit = "ADDRESS:PORT";
  value.parse = storing(into, parse_endpoint);
  value.show = [&into] { return config::to_string(into); };
  return value;
}

Value endpoint_value(std::optional<Endpoint>& into) {
  Value value;
  value.unit = "ADDRESS:PORT";
  value.parse = storing(into, parse_endpoint);
  value.show = [&into] { return into ? config::to_string(*into) : std::string(); };
  return value;
}

Value name_value(std::string& into) {
  Value value;
  value.unit = "NAME";
  value.allowed = "1 to 100 letters, digits, '.', '_', '-'";
  value.parse =
      storing(into, [allowed = value.allowed](std::string_view text) -> Result<std::string> {
        const bool good = !text.empty() && text.size() <= 100 &&
                          std::all_of(text.begin(), text.end(), is_name_char);
        if (!good) return bad("allowed are " + allowed);
        return std::string(text);
      });
  value.show = [&into] { return into; };
  return value;
}

Value path_value(std::string& into) {
  Value value;
  value.unit = "PATH";
  value.parse = storing(into, [](std::string_view text) -> Result<std::string> {
    if (text.empty() || has_control(text))
      return bad("allowed is a path without control characters");
    return std::string(text);
  });
  value.show = [&into] { return into; };
  return value;
}

Value log_level_value(LogLevel& into) {
  Value value;
  value.unit = "LEVEL";
  value.allowed = "debug, info, warn, error";
  value.parse = storing(into, [allowed = value.allowed](std::string_view text) -> Result<LogLevel> {
    auto level = parse_log_level(text);
    if (!level) return bad("allowed are " + allowed);
    return level;
  });
  value.show = [&into] { return std::string(to_string(into)); };
  return value;
}

Value log_format_value(LogFormat& into) {
  Value value;
  value.unit = "FORMAT";
  value.allowed = "text, json";
  value.parse =
      storing(into, [allowed = value.allowed](std::string_view text) -> Result<LogFormat> {
        auto format = parse_log_format(text);
        if (!format) return bad("allowed are " + allowed);
        return format;
      });
  value.show = [&into] { return into == LogFormat::kText ? "text" : "json"; };
  return value;
}

}  // namespace stampede::config
