#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "shared/stomp/frame.h"

namespace stampede::stomp {

/// How header names and values are escaped ("Value Encoding" in the specifications).
enum class Escaping {
  kNone,  ///< 1.0; CONNECT, STOMP and CONNECTED frames of every version
  kV11,   ///< `\n \c \\`
  kV12,   ///< `\r \n \c \\`
};

[[nodiscard]] Escaping escaping_of(Version version, Command command) noexcept;

/// Replaces escape sequences in place and returns the new size; nullopt at a sequence that the
/// version does not define, which is fatal. Not for kNone.
[[nodiscard]] std::optional<std::size_t> unescape(char* text, std::size_t size,
                                                  Escaping escaping) noexcept;

/// Whether a header can have that name: it is not empty, has no NUL and, where nothing is escaped,
/// neither a colon nor a line end.
[[nodiscard]] bool is_sayable_name(std::string_view name, Escaping escaping) noexcept;

/// Appends `text` escaped: a value, or a name that can be said. NUL is dropped, and so is LF where
/// nothing is escaped; a CR is part of a value in 1.0 and 1.1.
void append_escaped(std::string& out, std::string_view text, Escaping escaping);

}  // namespace stampede::stomp
