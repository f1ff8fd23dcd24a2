#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/clock.h"
#include "shared/base/error.h"
#include "shared/base/log.h"
#include "shared/config/endpoint.h"

namespace stampede::config {

/// Text into a variable and back. Made by the functions below; the variable outlives it.
struct Value {
  std::string unit;     ///< what stands behind the option in the help: "DURATION"
  std::string allowed;  ///< "100ms to 10m"; empty where the unit says it all
  /// Stores the value, or says what is wrong with it and what is allowed, without repeating it.
  std::function<Result<void>(std::string_view)> parse;
  /// The value as it can be given; credentials masked; empty when there is none.
  std::function<std::string()> show;
  bool flag = false;        ///< may stand without a value
  bool credential = false;  ///< its text is never printed
};

Value flag_value(bool& into);
Value count_value(std::size_t& into, std::size_t least, std::size_t most);
/// "512", "64KiB", "16MiB", "1GiB".
Value size_value(std::size_t& into, std::size_t least, std::size_t most);
/// "250ms", "10s", "2m", "1h"; 0 needs no unit.
Value duration_value(Milliseconds& into, Milliseconds least, Milliseconds most);
Value endpoint_value(Endpoint& into);
/// The same for what is not listened on unless it is named.
Value endpoint_value(std::optional<Endpoint>& into);
/// A URL of one of `schemes` with a host and, if it has one, a port from 1 to 65535. Its shape
/// only: what it names is looked up when it is connected to.
Value url_value(std::string& into, std::vector<std::string> schemes);
/// 1 to 100 of letters, digits, '.', '_', '-'.
Value name_value(std::string& into);
/// Any text without control characters.
Value path_value(std::string& into);
Value log_level_value(LogLevel& into);
Value log_format_value(LogFormat& into);

/// "amqp://user:***@host/": what may be a password becomes ***.
std::string mask_url(std::string_view url);
std::string show_size(std::size_t bytes);
std::string show_duration(Milliseconds duration);

}  // namespace stampede::config
