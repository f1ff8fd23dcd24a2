#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "shared/base/error.h"

namespace stampede {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kText, kJson };

/// One `key=value` of a log line. Never a message body, never a credential.
struct LogField {
  std::string_view key;
  std::string value;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  LogField(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  template <class Number>
  requires std::is_arithmetic_v<Number> LogField(std::string_view k, Number v)
      : key(k), value(std::to_string(v)) {}
};

/// Process-wide, once, at start. Lines go to standard error.
void start_logging(LogLevel level, LogFormat format);
Result<LogLevel> parse_log_level(std::string_view text);
Result<LogFormat> parse_log_format(std::string_view text);

/// Severity by whose concern it is: debug per message, info lifecycle, warn the peer's fault, error
/// ours. `event` is a constant sentence, what varies is in the fields. Any thread.
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});
[[nodiscard]] bool log_enabled(LogLevel level) noexcept;

inline void log_debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
  if (log_enabled(LogLevel::kDebug)) log(LogLevel::kDebug, event, fields);
}
inline void log_info(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kInfo, event, fields);
}
inline void log_warn(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kWarn, event, fields);
}
inline void log_error(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kError, event, fields);
}

/// Lets through one line a period and counts the rest, for lines that a peer can provoke at will.
/// One thread.
class LogLimiter {
 public:
  explicit LogLimiter(std::chrono::milliseconds period) : period_(period) {}
  /// The number of lines held back since the last that was let through, or -1: hold this one back.
  std::int64_t admit(std::chrono::steady_clock::time_point now);

 private:
  std::chrono::milliseconds period_;
  std::chrono::steady_clock::time_point next_{};
  std::int64_t held_back_ = 0;
};

}  // namespace stampede
